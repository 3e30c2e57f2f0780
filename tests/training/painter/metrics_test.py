import numpy as np
import pytest

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.scene_accuracy import SceneAccuracy
from keras_imgdesc.training.painter.metrics import named_metrics


def test_scores_of_scenes_are_metrics_by_their_names():
    scenes = draw_scenes("test", 6)
    images = np.stack([e.image for e in scenes])
    shifted = np.concatenate([images[:3], images[3:][::-1]])
    expected = SceneAccuracy().compute(lambda texts, seed: shifted, scenes)
    names = ["scene_objects", "scene_found"]
    metrics = named_metrics(names, None)
    assert [metric.name for metric in metrics] == names
    for metric in metrics:
        assert metric.higher_is_better
        right = metric.compute(lambda texts, seed: images, scenes)
        assert right[metric.name] == 100 > expected[metric.name]
        found = metric.compute(lambda texts, seed: shifted, scenes)
        assert found[metric.name] == expected[metric.name]


@pytest.mark.parametrize(
    ("name", "message"),
    [("beauty", "'beauty'.*Use one of .*'fid'"), ("fid", "needs a matcher.*'fid'")],
)
def test_unknown_metrics_and_those_without_a_matcher_are_refused(name, message):
    with pytest.raises(InputError, match=message):
        named_metrics([name], None)
