import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.closed_loop import (
    ClosedLoop,
    closed_loop,
)

TEXT = "a small red star above a large blue heart"


def test_a_name_counts_as_whole_words_only():
    names = ["rose", "colt's foot", "rose"]
    captions = ["this is a pink primrose", "A colt's foot.", "one rose, red"]
    assert closed_loop(["", "", ""], captions, names) == {
        "loop_name": pytest.approx(200 / 3)
    }


def test_lists_of_different_lengths_are_refused():
    for arguments in (([], []), ([TEXT], []), ([TEXT], [TEXT], ["a", "b"])):
        with pytest.raises(InputError):
            closed_loop(*arguments)


def test_scenes_are_painted_and_described():
    scenes = draw_scenes("test", 6)
    images = np.stack([e.image for e in scenes])
    described = {e.image.tobytes(): e.captions[4] for e in scenes}

    def describe(images):
        return [described[image.tobytes()] for image in images]

    loop = ClosedLoop(describe, "by heart")
    assert loop.name == "loop_scene" and loop.settings == {"loop_captioner": "by heart"}
    assert loop.compute(lambda texts, seed: images, scenes)["loop_scene"] == 100
    turned = loop.compute(lambda texts, seed: images[::-1], scenes)
    assert turned["loop_objects"] < 50


def test_named_images_are_painted_and_described():
    examples = [
        CaptionedImage(str(i), None, ("a flower",), b"jpeg", {"name": name})
        for i, name in enumerate(["rose", "daisy"])
    ]
    loop = ClosedLoop(lambda images: ["a rose"] * len(images), name="loop_name")

    def paint(texts, seed):
        return np.zeros((len(texts), 8, 8, 3), np.uint8)

    found = loop.compute(paint, CaptionCollection(examples))
    assert found == {"loop_name": 50.0}
    scenes = draw_scenes("test", 1)
    with pytest.raises(InputError, match=scenes[0].image_id):
        loop.compute(paint, scenes)
    with pytest.raises(InputError, match="Use one of .*'loop_name'"):
        ClosedLoop(loop.describe, name="name")
