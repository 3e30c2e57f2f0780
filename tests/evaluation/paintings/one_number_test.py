import numpy as np
import pytest

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.one_number import OneNumber
from keras_imgdesc.evaluation.scenes.scene_accuracy import SceneAccuracy
from keras_imgdesc.training.painter.metrics import named_metrics


def test_a_training_watches_one_number_by_its_name():
    scenes = draw_scenes("test", 6)
    images = np.stack([e.image for e in scenes])
    metrics = named_metrics(["scene_objects", "scene_found"], None)
    shifted = np.concatenate([images[:3], images[3:][::-1]])
    whole = SceneAccuracy()(lambda texts, seed: shifted, scenes)
    for name, metric in metrics.items():
        assert metric(lambda texts: images, scenes) == 100
        assert metric(lambda texts: shifted, scenes) == whole[name] < 100


def test_the_smallest_distance_is_kept():
    assert OneNumber(SceneAccuracy(), "fid", lower_is_better=True).lower_is_better
    with pytest.raises(InputError, match="fid"):
        named_metrics(["fid"], None)
