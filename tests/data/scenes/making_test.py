import hashlib

import numpy as np

from keras_imgdesc.data.scenes import make_scene
from keras_imgdesc.data.scenes.making import SPLITS

WORDS = [
    ("small", "yellow", "heart"),
    ("large", "red", "circle"),
    ("large", "black", "square"),
]
MEANS = [165.4, 125.8, 135.5]


def test_equal_arguments_give_equal_scenes():
    for split in SPLITS:
        first, again = make_scene(split, 5), make_scene(split, 5)
        assert first[0] == again[0]
        assert np.array_equal(first[1], again[1])


def test_scenes_differ_between_numbers_splits_and_seeds():
    images = [make_scene(split, n)[1] for split in SPLITS for n in range(20)]
    images += [make_scene("train", n, seed=1)[1] for n in range(20)]
    digests = {hashlib.sha256(image.tobytes()).hexdigest() for image in images}
    assert len(digests) == len(images)


def test_the_scene_does_not_depend_on_the_size():
    for number in range(10):
        small, image = make_scene("train", number, image_size=64)
        large, larger = make_scene("train", number, image_size=192)
        assert small == large
        assert image.shape == (64, 64, 3)
        assert larger.shape == (192, 192, 3)
        for item in small.objects:
            colours = [
                pixels[int(item.y * len(pixels)), int(item.x * len(pixels))]
                for pixels in (image, larger)
            ]
            assert np.array_equal(*colours)


def test_scenes_are_those_of_version_1():
    # A change of the scenes needs a new version of `Scenes`.
    graph, image = make_scene("train", 0)
    assert [item.words for item in graph.objects] == WORDS
    assert np.abs(image.astype(int).mean((0, 1)) - MEANS).max() < 0.5
