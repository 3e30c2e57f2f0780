import numpy as np
import pytest

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.closed_loop import (
    ClosedLoop,
    closed_loop,
    same_objects,
    same_scene,
)

TEXT = "a small red star above a large blue heart"


@pytest.mark.parametrize(
    ("text", "objects", "scene"),
    [
        ("we see a large blue heart below a small red star", True, True),
        ("there is a small red star over a large blue heart", True, True),
        ("a large blue heart above a small red star", True, False),
        ("a small red star above a small blue heart", True, False),
        ("a small red star above a large blue circle", False, False),
        ("a small red star", False, False),
        ("a small red star above a large blue heart heart", False, False),
    ],
)
def test_the_same_is_told_from_what_is_not(text, objects, scene):
    assert same_objects(TEXT, text) == objects
    assert same_scene(TEXT, text) == scene


def test_all_wordings_of_a_scene_are_the_same():
    for example in draw_scenes("test", 30):
        for caption in example.captions:
            assert same_scene(example.captions[0], caption)


def test_two_texts_that_are_no_scenes_are_not_the_same():
    assert not same_objects("a rose", "a rose")


def test_names_are_whole_words():
    names = ["rose", "colt's foot", "rose"]
    said = ["this is a pink primrose", "A colt's foot.", "one rose, red"]
    assert closed_loop(["", "", ""], said, names) == {
        "loop_name": pytest.approx(200 / 3)
    }


def test_lists_that_do_not_fit_are_refused():
    for arguments in (([], []), ([TEXT], []), ([TEXT], [TEXT], ["a", "b"])):
        with pytest.raises(InputError):
            closed_loop(*arguments)


def test_the_loop_goes_through_the_pictures():
    scenes = draw_scenes("test", 6)
    images = np.stack([e.image for e in scenes])
    described = {e.image.tobytes(): e.captions[4] for e in scenes}

    def describe(pictures):
        return [described[picture.tobytes()] for picture in pictures]

    loop = ClosedLoop(describe, "by heart")
    assert loop(lambda texts, seed: images, scenes)["loop_scene"] == 100
    turned = loop(lambda texts, seed: images[::-1], scenes)
    assert turned["loop_objects"] < 50
