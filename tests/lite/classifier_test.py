"""A classifier without TensorFlow."""

import io

import jax.numpy as jnp
import numpy as np
import pytest

from keras_imgdesc import ImageClassifier
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import load_image
from keras_imgdesc.lite import LiteClassifier


@pytest.fixture(scope="module")
def classifier(classifier_forms) -> ImageClassifier:
    return ImageClassifier.from_preset(classifier_forms["Python"].path)


@pytest.fixture(scope="module")
def lite(classifier_forms) -> LiteClassifier:
    return LiteClassifier(classifier_forms["tflite float32"].path)


@pytest.mark.slow
def test_answers_are_those_of_python(classifier, lite, toy_image, save_image):
    path = save_image("photo.png", toy_image)
    sources = [path, path.read_bytes(), toy_image[::-1]]
    expected = classifier.classify(sources, top=3)
    for answer, other in zip(lite.classify(sources, top=3), expected, strict=True):
        assert [p.label for p in answer] == [p.label for p in other]
        np.testing.assert_allclose(
            [p.probability for p in answer], [p.probability for p in other], atol=1e-4
        )
    batch = np.stack([load_image(path), toy_image[::-1]])
    for several in (
        batch,
        jnp.asarray(batch),
        [io.BytesIO(path.read_bytes()), batch[1]],
    ):
        answers = lite.classify(several, top=3)
        assert [len(answer) for answer in answers] == [3, 3]
        assert answers[0] == lite.classify(several[0], top=3)
    assert lite.classify(path, top=3) == lite.classify(sources, top=3)[0]
    np.testing.assert_allclose(
        lite.probabilities(path), classifier.probabilities(path)[0], atol=1e-4
    )


@pytest.mark.slow
def test_a_broken_image_is_named(lite, toy_image, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"")
    with pytest.raises(ImageError, match=r"bad\.jpg"):
        lite.classify(bad)
    good, error = lite.classify([toy_image, bad], on_error="return")
    assert len(good) == 5 and isinstance(error, ImageError)
    with pytest.raises(InputError, match="on_error='skip'"):
        lite.classify(bad, on_error="skip")
    with pytest.raises(InputError, match="top=0"):
        lite.classify(toy_image, top=0)


@pytest.mark.slow
def test_a_file_of_another_task_is_refused(matcher_forms):
    with pytest.raises(InputError, match="that of a classifier.*ImageTextMatcher"):
        LiteClassifier(matcher_forms["tflite float32"].path)


def test_a_preset_without_the_file_is_refused():
    with pytest.raises(InputError, match=r"classifier\.tflite.*scenes_lstm"):
        LiteClassifier.from_preset("scenes_lstm")


@pytest.mark.slow
def test_a_stream_of_several_processes_is_that_of_one(lite, toy_image, monkeypatch):
    monkeypatch.setattr("keras_imgdesc.lite.parallel.PATIENCE", 0.0)
    sources = [toy_image, b"broken", toy_image[::-1]] * 30
    one, two = (
        [str(found) for _, found in lite.classify_stream(sources, num_workers=number)]
        for number in (1, 2)
    )
    assert one == two and len(set(one)) == 3
    with pytest.raises(InputError, match="num_workers=0"):
        lite.classify_stream(sources, num_workers=0)
