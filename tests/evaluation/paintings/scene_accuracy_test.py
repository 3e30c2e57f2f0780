import numpy as np
import pytest

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.scene_accuracy import SceneAccuracy
from keras_imgdesc.evaluation.scenes.scene_scoring import SCENE_SCORES, score_scenes


def test_painted_scenes_are_compared_with_their_texts():
    scenes = draw_scenes("test", 6)
    images = [scene.image for scene in scenes]
    texts = [scene.captions[i % 5] for i, scene in enumerate(scenes)]

    def paint(given, seed):
        assert (given, seed) == (texts[:4], 7)
        return np.stack([images[i] for i in (0, 1, 3, 2)])

    metric = SceneAccuracy(limit=4, seed=7)
    found = metric.compute(paint, scenes)
    assert found == score_scenes([images[i] for i in (0, 1, 3, 2)], texts[:4])
    assert 50 <= found[metric.name] < 100 and metric.name == "scene_exact"


def test_models_can_be_compared_by_any_score_of_scenes():
    assert [SceneAccuracy(name).name for name in SCENE_SCORES] == list(SCENE_SCORES)
    with pytest.raises(InputError, match="Use one of .*'scene_sizes'"):
        SceneAccuracy("scene_size")
