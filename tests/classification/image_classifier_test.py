import io

import jax.numpy as jnp
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_imgdesc import EfficientNetLiteEncoder, ImageClassifier, VGG16Encoder
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import load_image, resize_image
from keras_imgdesc.vision import ClassificationHead

COLOURS = ["blue", "green", "red"]
PHOTO = np.random.default_rng(0).integers(0, 256, (40, 36, 3), np.uint8)


@pytest.fixture
def classifier() -> ImageClassifier:
    """An untrained classifier of colour_folder, with a new head on a frozen encoder."""
    keras.utils.set_random_seed(0)
    encoder = EfficientNetLiteEncoder(image_size=32, feature_layer="block1")
    encoder.set_trainable_from("none")
    return ImageClassifier.build_parts(encoder, COLOURS)


def expected_probabilities(classifier, image) -> np.ndarray:
    """f(I) by hand: the mean of the map, W, b and T."""
    pixels = np.asarray(resize_image(load_image(image), 32))[None]
    feature_map = np.asarray(classifier.image_encoder(pixels))[0]
    mean = feature_map.reshape(-1, feature_map.shape[-1]).mean(axis=0)
    kernel, bias = (np.asarray(w) for w in classifier.head.dense.weights)
    powers = np.exp((mean @ kernel + bias) / classifier.head.temperature)
    return powers / powers.sum()


def test_every_kind_of_input_gets_the_same_answer(classifier, draw_colour, tmp_path):
    image = draw_colour("red", 0)
    path = tmp_path / "red.png"
    Image.fromarray(image).save(path)
    expected = expected_probabilities(classifier, image)
    order = np.argsort(-expected)
    singles = [str(path), path, path.read_bytes(), Image.open(path), image]
    singles += [io.BytesIO(path.read_bytes()), tf.constant(image), jnp.asarray(image)]
    singles += [np.array(str(path)), tf.constant(str(path))]
    for single in singles:
        found = classifier.classify(single, top=2)
        names = [classifier.labels.tokens[i] for i in order[:2]]
        assert [p.label for p in found] == names
        np.testing.assert_allclose(
            [p.probability for p in found], expected[order[:2]], rtol=1e-4
        )
    dataset = tf.data.Dataset.from_tensor_slices(image[None].repeat(3, axis=0))
    batch, paths = image[None].repeat(3, axis=0), np.array([str(path)] * 3)
    kinds = ([path] * 3, batch, tf.constant(batch), jnp.asarray(batch), paths, dataset)
    for several in kinds:
        answers = classifier.classify(several, top=2, batch_size=2)
        assert len(answers) == 3
        for answer in answers:
            assert [p.label for p in answer] == [p.label for p in found]


def test_top_is_limited_by_the_classes(classifier, draw_colour):
    image = draw_colour("green", 1)
    found = classifier.classify(image)
    assert len(found) == 3
    assert sum(p.probability for p in found) == pytest.approx(1, abs=1e-5)
    assert [p.probability for p in found] == sorted(
        (p.probability for p in found), reverse=True
    )
    with pytest.raises(InputError, match="top=0"):
        classifier.classify(image, top=0)
    with pytest.raises(InputError, match="on_error='skip'"):
        classifier.classify(image, on_error="skip")
    with pytest.raises(InputError, match="batch_size=0"):
        classifier.logits_stream([image], batch_size=0)


def test_a_broken_image_leaves_the_others(classifier, draw_colour, tmp_path):
    good, bad = draw_colour("blue", 0), tmp_path / "bad.jpg"
    bad.write_bytes(b"not an image")
    expected = classifier.classify(good)
    answers = classifier.classify([good, bad, good], on_error="return", batch_size=2)
    assert [p.label for p in answers[0]] == [p.label for p in expected]
    assert isinstance(answers[1], ImageError) and "bad.jpg" in str(answers[1])
    assert answers[2][0].probability == pytest.approx(expected[0].probability)
    with pytest.raises(ImageError, match=r"bad\.jpg"):
        classifier.classify([good, bad])
    with pytest.raises(ImageError, match=r"bad\.jpg"):
        classifier.probabilities([bad])


def test_a_folder_of_classes_is_learned_and_calibrated(
    classifier, draw_colour, colour_folder
):
    classifier.compile(keras.optimizers.Adam(0.02))
    before = classifier.image_encoder.get_weights()
    classifier.fit(colour_folder, epochs=10, batch_size=12, verbose=0)
    scores = classifier.evaluate(colour_folder, verbose=0, return_dict=True)
    assert scores["accuracy"] == 1.0
    for old, new in zip(before, classifier.image_encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    for colour in COLOURS:
        assert classifier.classify(draw_colour(colour, 100))[0].label == colour
    # The class of an image is that of its order, whatever the confidence.
    right = classifier.probabilities(draw_colour("red", 100))
    temperature = classifier.calibrate(colour_folder)
    assert classifier.head.temperature == pytest.approx(temperature)
    calibrated = classifier.probabilities(draw_colour("red", 100))
    np.testing.assert_array_equal(np.argsort(calibrated), np.argsort(right))
    # Every training image is right: certainty is the best calibration.
    assert temperature < 1 and calibrated.max() > right.max()


def test_calibration_does_not_depend_on_the_temperature_before(classifier, draw_colour):
    names = ["red", "green", "blue", "blue"]
    images = [draw_colour(name, 9) for name in names[:3]] + [draw_colour("red", 10)]
    first = classifier.calibrate(images, names)
    classifier.head.temperature = 7.0
    assert classifier.calibrate({"image": images, "label": names}) == pytest.approx(
        first, rel=1e-4
    )
    with pytest.raises(InputError, match="labelled images"):
        classifier.calibrate(np.zeros((2, 32, 32, 3), "uint8"))


def test_fine_tuning_changes_the_last_layers(classifier, draw_colour):
    classifier.image_encoder.set_trainable_from("block1_project")
    classifier.compile("sgd", run_eagerly=True)
    before = {v.path: np.asarray(v) for v in classifier.image_encoder.weights}
    data = {"image": [draw_colour(c, 0) for c in COLOURS], "label": [0, "green", 2]}
    classifier.fit(data, batch_size=3, verbose=0)
    for variable in classifier.image_encoder.weights:
        moved = (np.asarray(variable) != before[variable.path]).any()
        assert moved == variable.path.startswith("block1_project")


def test_a_broken_image_stops_training_and_is_named(classifier, draw_colour, tmp_path):
    for name in ("red", "blue"):
        (tmp_path / name).mkdir()
        Image.fromarray(draw_colour(name, 0)).save(tmp_path / name / "good.png")
    (tmp_path / "red" / "bad.png").write_bytes(b"")
    classifier.compile("sgd")
    with pytest.raises(ImageError, match=r"bad\.png"):
        classifier.fit(tmp_path, batch_size=2, verbose=0)
    with pytest.raises(ImageError, match=r"bad\.png"):
        classifier.evaluate(tmp_path, verbose=0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"image": [], "label": []}, "images=0"),
        ({"image": [PHOTO], "label": []}, "labels=0"),
        ({"image": [PHOTO], "label": ["pink"]}, "'pink'"),
        ({"image": [PHOTO], "label": [3]}, "from 0 to 2.*label=3"),
        ({"image": [PHOTO], "label": [0.5]}, r"whole number.*label=0\.5"),
        ({"image": [PHOTO], "label": [None]}, "whole number.*label=None"),
        ({"image": [PHOTO], "class": ["red"]}, r"\['class', 'image'\]"),
    ],
)
def test_bad_training_data_are_refused(classifier, data, message):
    classifier.compile("sgd")
    with pytest.raises(InputError, match=message):
        classifier.fit(data)


def test_names_apart_from_their_images_are_refused(classifier):
    classifier.compile("sgd")
    for method in (classifier.fit, classifier.evaluate):
        with pytest.raises(InputError, match='"label": labels.*') as caught:
            method(PHOTO[None], np.array(["red"]))
        assert "y='ndarray'" in str(caught.value)
    with pytest.raises(InputError, match='"label": labels'):
        data = {"image": PHOTO[None], "label": ["red"]}
        classifier.fit(data, validation_data=(PHOTO[None], ["red"]))


def test_parts_that_do_not_fit_are_refused():
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    with pytest.raises(InputError, match="one output per label.*labels=2, head=3"):
        ImageClassifier(encoder, ClassificationHead(3, 32), ["a", "b"])
    with pytest.raises(InputError, match="image_encoder=32, head=64"):
        ImageClassifier(encoder, ClassificationHead(2, 64), ["a", "b"])
    with pytest.raises(InputError, match="speed"):
        ImageClassifier(encoder, ClassificationHead(2, 32), ["a", "b"], speed=1)


def test_a_preset_with_labels_of_another_one_is_refused(classifier, tmp_path):
    import hashlib
    import json

    classifier.save_to_preset(tmp_path / "toy")
    labels, config = (tmp_path / "toy" / n for n in ("vocabulary.txt", "config.json"))
    labels.write_text("a\nb\n")
    values = json.loads(config.read_text())
    digest = hashlib.sha256(labels.read_bytes()).hexdigest()
    values["sha256"]["vocabulary.txt"] = digest
    config.write_text(json.dumps(values))
    with pytest.raises(InputError, match=r"one output per label.*labels=2, head=3"):
        ImageClassifier.from_preset(tmp_path / "toy")


def test_keras_saves_it_whole(classifier, draw_colour, tmp_path):
    classifier.head.temperature = 2.0
    classifier.save(tmp_path / "classifier.keras")
    loaded = keras.models.load_model(tmp_path / "classifier.keras")
    assert loaded.labels == classifier.labels
    assert loaded.fingerprint() == classifier.fingerprint()
    image = draw_colour("green", 2)
    np.testing.assert_array_equal(
        loaded.probabilities(image), classifier.probabilities(image)
    )
    loaded.head.temperature = 1.0
    assert loaded.fingerprint() != classifier.fingerprint()
