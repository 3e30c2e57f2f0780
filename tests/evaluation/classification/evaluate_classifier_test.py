import keras
import numpy as np
import pytest

from keras_imgdesc import ImageClassifier, VGG16Encoder
from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.classification.evaluate_classifier import (
    evaluate_classifier,
)

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
LABELS = ["tabby, tabby cat", "espresso", "castle"]


def build(seed: int, labels=LABELS) -> ImageClassifier:
    keras.utils.set_random_seed(seed)
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    return ImageClassifier.build_parts(encoder, labels)


@pytest.fixture(scope="module")
def classifier():
    return build(0)


def collection(names) -> CaptionCollection:
    return CaptionCollection(
        [
            CaptionedImage(f"{i}.png", None, (name,), image, {"name": name})
            for i, (image, name) in enumerate(zip(IMAGES, names))
        ]
    )


def test_answers_are_compared_with_the_names_of_classes(classifier):
    best = classifier.probabilities(IMAGES).argmax(axis=1)
    names = [LABELS[i] for i in best]
    wrong = LABELS[(best[0] + 1) % 3]
    result = evaluate_classifier(
        classifier, collection([wrong, *names[1:]]), progress=False
    )
    assert result.metrics["top_1"] == pytest.approx(100 * 5 / 6)
    assert result.settings == {"pictures": 6, "classes": 3}
    # Synonyms are the same class.
    synonyms = [name.split(", ")[-1] for name in names]
    again = evaluate_classifier(classifier, collection(synonyms), progress=False)
    assert again.summary()["top_1"] == 100
    limited = evaluate_classifier(
        classifier, collection(names), limit=2, progress=False
    )
    assert limited.settings["pictures"] == 2


def test_answers_are_compared_with_a_teachers(classifier):
    teacher = build(1)
    expected = teacher.probabilities(IMAGES).argmax(axis=1)
    same = (classifier.probabilities(IMAGES).argmax(axis=1) == expected).mean()
    unlabelled = CaptionCollection(
        [CaptionedImage(str(i), None, (), image) for i, image in enumerate(IMAGES)]
    )
    result = evaluate_classifier(
        classifier, unlabelled, teacher=teacher, progress=False
    )
    assert result.metrics["agreement"] == pytest.approx(100 * same)
    itself = evaluate_classifier(
        classifier, unlabelled, teacher=classifier, progress=False
    )
    assert itself.metrics["agreement"] == 100


def test_broken_images_are_listed(classifier):
    images = collection(["espresso"] * 2)
    images.examples[0] = CaptionedImage("bad.png", None, (), b"", {"name": "castle"})
    result = evaluate_classifier(classifier, images, progress=False)
    assert list(result.failed) == ["bad.png"] and result.settings["pictures"] == 1
    with pytest.raises(InputError, match="At least one image"):
        evaluate_classifier(
            classifier, CaptionCollection(images.examples[:1]), progress=False
        )


def test_unknown_and_missing_classes_are_refused(classifier):
    with pytest.raises(InputError, match="'dog'"):
        evaluate_classifier(classifier, collection(["dog"]), progress=False)
    nameless = CaptionCollection([CaptionedImage("a.png", None, (), IMAGES[0])])
    with pytest.raises(InputError, match=r"name of its class.*a\.png"):
        evaluate_classifier(classifier, nameless, progress=False)
    with pytest.raises(InputError, match="same labels"):
        evaluate_classifier(
            classifier, nameless, teacher=build(0, ["a", "b"]), progress=False
        )
