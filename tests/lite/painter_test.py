"""A painter without TensorFlow."""

import subprocess
import sys

import numpy as np
import pytest

from keras_imgdesc import InputError, TextToImage
from keras_imgdesc.errors import UnknownWordsWarning
from keras_imgdesc.lite import LiteMatcher, LitePainter

# In make test-all: the tests of captioners check the same code.
pytestmark = pytest.mark.slow

TEXTS = ["A red bird!", "a blue DOG", "dog " * 30]


@pytest.fixture(scope="module")
def file(painter_forms):
    return painter_forms["tflite float32"].path


@pytest.fixture(scope="module")
def painter(painter_forms) -> TextToImage:
    return TextToImage.from_preset(painter_forms["Python"].path)


@pytest.fixture(scope="module")
def lite(file) -> LitePainter:
    return LitePainter(file)


def test_images_are_those_of_python(painter, lite):
    options = {"num_images": 3, "seed": 5, "temperature": 0.8}
    found = lite.generate(TEXTS, **options)
    expected = painter.generate(TEXTS, **options)
    assert found.shape == expected.shape and found.dtype == np.uint8
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert (found[0] != found[1]).any() and (found[0, 0] != found[0, 1]).any()
    one = lite.generate(TEXTS[0], **options)
    np.testing.assert_array_equal(one, found[0])
    noise = painter.draw_noise(1, 3)
    np.testing.assert_array_equal(
        lite.generate("a dog", noise=noise), lite.generate("a dog", seed=3)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"texts": " "}, "words in it"),
        ({"texts": ["a red bird", "xyzzy"]}, "knows.*red.*xyzzy|xyzzy.*red"),
        ({"num_images": 0}, "num_images"),
        ({"temperature": 11}, "temperature"),
        ({"seed": -1}, "seed"),
        ({"noise": np.zeros((2, 14))}, "noise"),
    ],
)
def test_invalid_input_is_refused_as_in_python(painter, lite, arguments, message):
    arguments = {"texts": "a red bird"} | arguments
    for either in (painter, lite):
        with pytest.raises(InputError, match=message):
            either.generate(**arguments)


def test_unknown_words_are_named_as_in_python(painter, lite):
    for either in (painter, lite):
        with pytest.warns(UnknownWordsWarning, match="the painter: zebra$"):
            either.generate("a zebra")
        with pytest.warns(UnknownWordsWarning, match="the painter: zebra, big$"):
            either.interpolate("a zebra", "a big dog", 2)


def test_a_file_of_another_task_is_refused(file):
    with pytest.raises(InputError, match="matcher.*task='TextToImage'"):
        LiteMatcher(file)


def test_neither_tensorflow_nor_keras_is_needed(file):
    program = (
        "import sys; from keras_imgdesc.lite import LitePainter; "
        f"print(LitePainter({str(file)!r}).generate('a dog', 2).shape); "
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["(2, 32, 32, 3)", "set()"]


@pytest.mark.parametrize("same_noise", [False, True])
def test_an_interpolation_is_that_of_python(painter, lite, same_noise):
    options = {"steps": 5, "seed": 4, "temperature": 0.7, "same_noise": same_noise}
    found = lite.interpolate("a red bird", "a blue dog", **options)
    expected = painter.interpolate("a red bird", "a blue dog", **options)
    assert found.shape == (5, 32, 32, 3) and found.dtype == np.uint8
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert (found[0] != found[-1]).any()


@pytest.mark.parametrize("form", ["float16", "dynamic", "int8"])
def test_every_form_interpolates_from_what_it_paints(painter_forms, form):
    lite = LitePainter(painter_forms[f"tflite {form}"].path)
    found = lite.interpolate("a red bird", "a blue dog", steps=2, seed=2)
    first = lite.generate("a red bird", seed=2)[0]
    assert np.abs(found[0].astype(int) - first).max() <= 1


def test_invalid_interpolations_are_refused_as_in_python(painter, lite):
    for either in (painter, lite):
        for arguments, message in (
            (("a bird", "a dog", 1), "steps"),
            (("a bird", "xyzzy"), "knows"),
            (("a bird", " "), "words in it"),
        ):
            with pytest.raises(InputError, match=message):
                either.interpolate(*arguments)


def test_a_matcher_ranks_the_images(lite, painter):
    class Judge:
        def probabilities(self, images, text):
            assert text == "a red bird"
            return images.mean(axis=(1, 2, 3)) / 255

    options = {"num_images": 4, "seed": 1}
    ranked = lite.generate("a red bird", rerank=Judge(), **options)
    means = ranked.mean(axis=(1, 2, 3))
    assert (np.diff(means) <= 0).all() and len(set(means)) > 1
    expected = painter.generate("a red bird", rerank=Judge(), **options)
    assert np.abs(ranked.astype(int) - expected).max() <= 1


def test_a_file_of_an_earlier_version_cannot_interpolate(file):
    lite = LitePainter(file)
    del lite.metadata["signatures"]["paint_vectors"]
    with pytest.raises(InputError, match="earlier version"):
        lite.interpolate("a bird", "a dog")
