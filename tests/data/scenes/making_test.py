"""Tests of make_scene."""

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


def test_a_scene_is_a_pure_function_of_its_numbers():
    for split in SPLITS:
        first, again = make_scene(split, 5), make_scene(split, 5)
        assert first[0] == again[0]
        assert np.array_equal(first[1], again[1])


def test_scenes_differ_between_numbers_splits_and_seeds():
    pictures = [make_scene(split, n)[1] for split in SPLITS for n in range(20)]
    pictures += [make_scene("train", n, seed=1)[1] for n in range(20)]
    digests = {hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures}
    assert len(digests) == len(pictures)


def test_the_scene_is_the_same_at_every_size():
    for number in range(10):
        small, picture = make_scene("train", number, image_size=64)
        large, larger = make_scene("train", number, image_size=192)
        assert small == large
        assert picture.shape == (64, 64, 3)
        assert larger.shape == (192, 192, 3)
        for item in small.objects:
            pixels = [
                p[int(item.y * len(p)), int(item.x * len(p))] for p in (picture, larger)
            ]
            assert np.array_equal(*pixels)


def test_scenes_do_not_change_from_version_to_version():
    # Whoever changes them gives `Scenes` a new version.
    graph, image = make_scene("train", 0)
    assert [item.words for item in graph.objects] == WORDS
    assert np.abs(image.astype(int).mean((0, 1)) - MEANS).max() < 0.5
