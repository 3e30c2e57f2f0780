import json

from keras_imgdesc.data.scenes import SceneGraph, SceneObject
from keras_imgdesc.data.scenes.scene_object import COLOURS, HELD_OUT, SHAPES


def test_the_longer_distance_decides_the_relation():
    objects = (
        SceneObject("small", "red", "circle", 0.2, 0.2, 0.1),
        SceneObject("small", "blue", "circle", 0.8, 0.4, 0.1),
        SceneObject("small", "black", "circle", 0.6, 0.9, 0.1),
    )
    assert SceneGraph(objects).relations() == {
        (0, 1): "left of",
        (1, 0): "right of",
        (0, 2): "above",
        (2, 0): "below",
        (1, 2): "above",
        (2, 1): "below",
    }


def test_json_reproduces_the_scene_and_has_the_relations():
    objects = (
        SceneObject("small", "red", "circle", 0.2, 0.25, 0.1),
        SceneObject("large", "blue", "star", 0.8, 0.35, 0.17),
    )
    text = SceneGraph(objects).to_json()
    assert SceneGraph.from_json(text) == SceneGraph(objects)
    assert json.loads(text)["relations"] == [[0, "left of", 1], [1, "right of", 0]]


def test_held_out_pairs_differ_in_colours_and_shapes():
    assert len(HELD_OUT) == len({c for c, _ in HELD_OUT}) == len(SHAPES)
    assert {shape for _, shape in HELD_OUT} == set(SHAPES)
    assert {colour for colour, _ in HELD_OUT} < set(COLOURS)
