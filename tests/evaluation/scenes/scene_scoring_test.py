import numpy as np
import pytest

from keras_imgdesc.data.scenes import (
    SceneGraph,
    SceneObject,
    draw_scenes,
    parse_caption,
)
from keras_imgdesc.data.scenes.drawing import draw_scene
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.scenes.scene_reader import SceneReading, read_scene
from keras_imgdesc.evaluation.scenes.scene_scoring import (
    SceneScore,
    score_scene,
    score_scenes,
)

CIRCLE = SceneObject("small", "red", "circle", 0.25, 0.5, 0.1)
STAR = SceneObject("large", "blue", "star", 0.7, 0.5, 0.17)


@pytest.fixture(scope="module")
def reading() -> SceneReading:
    graph = SceneGraph((CIRCLE, STAR))
    return read_scene(draw_scene(graph, np.random.default_rng(0), 64))


@pytest.mark.parametrize(
    ("caption", "score"),
    [
        ("a small red circle left of a large blue star", (1, True, True, True)),
        ("here is a large blue star right of a small red circle", (1, 1, 1, 1)),
        ("a large red circle left of a large blue star", (1, True, False, True)),
        ("a small red circle above a large blue star", (1, True, True, False)),
        ("a small red circle left of a large green star", (0.5, False, False, False)),
        ("a small red circle", (1, False, False, False)),
        ("a small red circle left of a small red circle", (0.5, 0, 0, 0)),
    ],
)
def test_each_kind_of_error_is_counted(reading, caption, score):
    assert score_scene(reading, parse_caption(caption)) == SceneScore(*score)


def test_objects_of_equal_colour_and_shape_are_assigned_in_their_favour():
    large = SceneObject("large", "red", "circle", 0.7, 0.5, 0.17)
    graph = SceneGraph((CIRCLE, large))
    reading = SceneReading(graph, (1.0, 1.0), 0)
    for caption in (
        "a small red circle left of a large red circle",
        "a large red circle right of a small red circle",
    ):
        assert score_scene(reading, parse_caption(caption)).scene
    wrong = parse_caption("a large red circle left of a small red circle")
    score = score_scene(reading, wrong)
    assert score.objects and not score.scene


def test_an_unclear_region_makes_the_objects_wrong(reading):
    spoiled = SceneReading(reading.graph, reading.overlaps, 1)
    caption = parse_caption("a small red circle left of a large blue star")
    assert not score_scene(spoiled, caption).objects


def test_drawn_scenes_score_100_percent_and_exchanged_ones_little():
    scenes = draw_scenes("test", 20)
    images = [example.image for example in scenes]
    captions = [example.captions[3] for example in scenes]
    assert set(score_scenes(images, captions).values()) == {100.0}
    exchanged = score_scenes(images, captions[1:] + captions[:1])
    assert exchanged["scene_objects"] < 10 and exchanged["scene_found"] < 30


def test_other_captions_are_refused():
    image = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(InputError, match="a bird"):
        score_scenes([image], ["a bird"])
    with pytest.raises(InputError, match="captions=0"):
        score_scenes([], [])
