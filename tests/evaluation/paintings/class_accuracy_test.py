import keras
import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.class_accuracy import ClassAccuracy
from keras_imgdesc.evaluation.paintings.feature_extractor import FeatureExtractor
from keras_imgdesc.vision import MobileNetEncoder

HUES = np.random.default_rng(5).integers(0, 256, (8, 3))


def picture(label: int, seed: int, size: int = 64) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(0, 10, (size, size, 3))
    return (HUES[label] + grain).clip(0, 255).astype(np.uint8)


def collection(count: int, seed: int) -> CaptionCollection:
    return CaptionCollection(
        [
            CaptionedImage(
                str(i),
                None,
                (f"{i % 8}",),
                picture(i % 8, seed + i),
                {"label": i % 8},
            )
            for i in range(count)
        ]
    )


def test_painted_pictures_are_named_by_who_has_seen_real_ones():
    keras.utils.set_random_seed(2)
    encoder = MobileNetEncoder(image_size=32, feature_layer="conv_pw_3")
    metric = ClassAccuracy(FeatureExtractor(encoder, "toy"), collection(48, 0))
    validation = collection(16, 1000)

    def faithful(texts, seed):
        return np.stack([picture(int(t), seed + 77, 32) for t in texts])

    def wayward(texts, seed):
        return np.stack([picture(0, seed, 32) for _ in texts])

    found = metric(faithful, validation)
    assert found["class_top_1"] > 80 and found["class_top_1_real"] > 80
    assert found["class_top_5"] >= found["class_top_1"]
    poor = metric(wayward, validation)
    assert poor["class_top_1"] == 12.5  # one text in eight
    assert poor["class_top_1_real"] == found["class_top_1_real"]
    assert metric.settings["classes"] == 8


def test_pictures_without_labels_are_told():
    bare = CaptionCollection([CaptionedImage("x", None, ("a",), picture(0, 0))])
    with pytest.raises(InputError, match="'x'"):
        ClassAccuracy(None, bare)
