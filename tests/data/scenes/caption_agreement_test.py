import pytest

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.data.scenes.caption_agreement import same_objects, same_scene

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
def test_agreement_of_two_captions(text, objects, scene):
    assert same_objects(TEXT, text) == objects
    assert same_scene(TEXT, text) == scene


def test_all_wordings_of_a_scene_agree():
    for example in draw_scenes("test", 30):
        for caption in example.captions:
            assert same_scene(example.captions[0], caption)


def test_texts_that_are_no_captions_of_scenes_never_agree():
    assert not same_objects("a rose", "a rose")
