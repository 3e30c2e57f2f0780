import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.class_accuracy import ClassAccuracy

HUES = np.random.default_rng(5).integers(0, 256, (8, 3))


class Hues:
    """Similarity of the mean colour to the hue of each class."""

    name = "hues"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        colours = images.mean(axis=(1, 2))
        distances = np.abs(colours[:, None] - HUES).sum(axis=-1)
        return np.exp(-distances / 20)


def image(label: int, seed: int, size: int = 64) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(0, 10, (size, size, 3))
    return (HUES[label] + grain).clip(0, 255).astype(np.uint8)


def collection(count: int, seed: int) -> CaptionCollection:
    return CaptionCollection(
        [
            CaptionedImage(
                str(i),
                None,
                (f"{i % 8}",),
                image(i % 8, seed + i),
                {"label": i % 8},
            )
            for i in range(count)
        ]
    )


def test_a_classifier_of_real_images_judges_painted_ones():
    metric = ClassAccuracy(Hues(), collection(48, 0))
    validation = collection(16, 1000)

    def faithful(texts, seed):
        return np.stack([image(int(t), seed + 77, 32) for t in texts])

    def wrong(texts, seed):
        return np.stack([image(0, seed, 32) for _ in texts])

    found = metric.compute(faithful, validation)
    assert found["class_top_1"] > 80 and found["class_top_1_real"] > 80
    assert found["class_top_5"] >= found["class_top_1"]
    poor = metric.compute(wrong, validation)
    assert poor["class_top_1"] == 12.5  # one text in eight
    assert poor["class_top_1_real"] == found["class_top_1_real"]
    assert metric.settings == {
        "class_extractor": "hues",
        "class_training_pictures": 48,
        "classes": 8,
    }


def test_an_image_without_a_label_is_named():
    bare = CaptionCollection([CaptionedImage("x", None, ("a",), image(0, 0))])
    with pytest.raises(InputError, match="'x'"):
        ClassAccuracy(None, bare)
