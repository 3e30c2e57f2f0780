import numpy as np
import pytest

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.scene_accuracy import SceneCaptionAccuracy


def test_scenes_are_scored_by_their_graphs():
    scenes = draw_scenes("test", 20)
    metric = SceneCaptionAccuracy()
    right = [scene.captions[i % 5] for i, scene in enumerate(scenes)]
    assert metric.compute(right, scenes)["scene_graph"] == 100
    shifted = right[1:] + right[:1]
    assert metric.compute(shifted, scenes)["scene_graph"] < 20
    half = right[:10] + shifted[10:]
    assert 50 <= metric.compute(half, scenes)["scene_graph"] < 65
    counts = np.array([[1] * 20, [2] * 10 + [0] * 10])
    sampled = metric.sampler(half, scenes)(counts)["scene_graph"]
    assert sampled.tolist() == [metric.compute(half, scenes)["scene_graph"], 100]


def test_graphs_are_needed_for_every_image(collection):
    with pytest.raises(InputError, match="scene_graphs=0"):
        SceneCaptionAccuracy().compute(["a", "b", "c"], collection)
