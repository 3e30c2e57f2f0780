"""A classifier as a SavedModel and as a .tflite file."""

import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc import ImageClassifier
from keras_imgdesc.errors import InputError
from keras_imgdesc.export import export_saved_model, export_tflite
from keras_imgdesc.export.tasks import signatures_of
from keras_imgdesc.lite.model_file import read_model_file


@pytest.fixture(scope="module")
def classifier(classifier_forms) -> ImageClassifier:
    return ImageClassifier.from_preset(classifier_forms["Python"].path)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (3, 32, 32, 3)).astype("uint8")


@pytest.fixture(scope="module")
def served(classifier_forms):
    return tf.saved_model.load(str(classifier_forms["SavedModel"].path)).signatures


def test_the_saved_model_answers_as_python(classifier, images, served):
    content = tf.stack([tf.io.encode_png(p) for p in images])
    outputs = served["serving_default"](image_bytes=content)
    expected = classifier.classify(images)
    labels = [[name.decode() for name in row] for row in outputs["label"].numpy()]
    assert labels == [[p.label for p in row] for row in expected]
    np.testing.assert_allclose(
        outputs["probability"],
        [[p.probability for p in row] for row in expected],
        rtol=1e-3,
    )
    assert not any(outputs["error"].numpy())
    np.testing.assert_allclose(
        served["probabilities"](image_bytes=content)["probability"],
        classifier.probabilities(images),
        rtol=1e-3,
        atol=1e-6,
    )
    pixels = served["pixels"](image=images)
    np.testing.assert_array_equal(pixels["label"], outputs["label"])


def test_a_broken_image_does_not_affect_the_others(images, served):
    good = [tf.io.encode_png(p).numpy() for p in images[:2]]
    alone = served["serving_default"](image_bytes=tf.constant(good))
    outputs = served["serving_default"](
        image_bytes=tf.constant([good[0], b"not an image", good[1]])
    )
    assert [bool(e) for e in outputs["error"].numpy()] == [False, True, False]
    np.testing.assert_array_equal(
        outputs["label"].numpy()[[0, 2]], alone["label"].numpy()
    )
    assert set(outputs["label"].numpy()[1]) == {b""}
    assert not outputs["probability"].numpy()[1].any()
    every = served["probabilities"](image_bytes=tf.constant([b"", good[0]]))
    assert every["error"].numpy()[0] and not every["error"].numpy()[1]
    assert not every["probability"].numpy()[0].any()
    with pytest.raises(tf.errors.InvalidArgumentError, match="at least one image"):
        served["serving_default"](image_bytes=tf.constant([], tf.string))


@pytest.mark.parametrize(
    ("form", "tolerance"),
    [
        ("tflite float32", 1e-4),
        ("tflite float16", 1e-2),
        ("tflite dynamic", 0.3),
        ("tflite int8", 0.4),
    ],
)
def test_lite_answers_as_python(classifier, images, classifier_forms, form, tolerance):
    from ai_edge_litert.interpreter import Interpreter

    path = classifier_forms[form].path
    run = Interpreter(model_path=str(path)).get_signature_runner("classify")
    found = [run(image=image[None])["probabilities"][0] for image in images]
    expected = classifier.probabilities(images)
    np.testing.assert_allclose(found, expected, atol=tolerance)
    opened = read_model_file(path)
    metadata, tokens = opened.metadata, opened.tokens
    assert metadata["task"] == "ImageClassifier"
    assert metadata["vocabulary"] == {"file": "vocabulary.txt"}
    assert tuple(tokens) == classifier.labels.tokens


def test_the_number_of_classes_can_be_fixed(classifier, images):
    pixels = signatures_of(classifier, top=2)["pixels"]
    found = pixels.function(tf.constant(images))
    assert found["label"].shape == found["probability"].shape == (3, 2)
    every = signatures_of(classifier, top=99)["pixels"]
    assert every.function(tf.constant(images))["label"].shape == (3, 7)


def test_settings_are_checked(classifier, tmp_path):
    with pytest.raises(InputError, match="top=0"):
        export_saved_model(classifier, tmp_path / "m", top=0)
    with pytest.raises(InputError, match="num_beams"):
        export_saved_model(classifier, tmp_path / "m", num_beams=3)
    with pytest.raises(InputError, match="top"):
        export_tflite(classifier, tmp_path / "c.tflite", top=3)
    with pytest.raises(InputError, match="representative_images"):
        export_tflite(classifier, tmp_path / "c.tflite", representative_texts=["a dog"])
    assert not list(tmp_path.iterdir())
