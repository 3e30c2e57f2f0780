import numpy as np
import pytest

from keras_imgdesc import (
    CaptionTokenizer,
    CompactTextEncoder,
    ImageTextMatcher,
    VGG16Encoder,
    Vocabulary,
)
from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.default_metrics import default_metrics
from keras_imgdesc.evaluation.paintings.feature_extractor import FeatureExtractor


@pytest.fixture(scope="module")
def matcher():
    tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "rose"]), 6)
    return ImageTextMatcher.build_parts(
        VGG16Encoder(image_size=32, width=0.0625),
        CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1),
        embedding_dim=8,
    )


def flowers(*ids: str, **extra) -> CaptionCollection:
    chance = np.random.default_rng(0)
    return CaptionCollection(
        [
            CaptionedImage(
                name,
                None,
                (f"a red flower {name}",),
                chance.integers(0, 256, (16, 16, 3), np.uint8),
                {"label": number % 2, "name": "rose"} | extra,
            )
            for number, name in enumerate(ids)
        ]
    )


def describe(images):
    return ["a red rose"] * len(images)


def names(metrics) -> list[str]:
    return [type(metric).__name__ for metric in metrics]


def test_metrics_of_scenes(matcher):
    scenes = draw_scenes("test", 6)
    found = default_metrics(
        scenes,
        matcher=matcher,
        matcher_name="toy",
        describe=describe,
        captioner_name="one",
    )
    assert names(found) == [
        "SceneAccuracy",
        "ClosedLoop",
        "RPrecision",
        "FrechetDistance",
        "Diversity",
    ]
    assert found[1].settings["loop_captioner"] == "one"
    assert found[1].name == "loop_scene"
    assert found[2].settings["r_precision_matcher"] == "toy"
    assert found[3].settings["fid_extractor"].startswith("toy: VGG16Encoder")


def test_metrics_of_flowers(matcher):
    extractor = FeatureExtractor(matcher.image_encoder)
    found = default_metrics(
        flowers("a", "b"),
        describe=describe,
        classifier=extractor,
        photos=flowers("c", "d", "e"),
    )
    assert names(found) == ["ClassAccuracy", "ClosedLoop", "Diversity"]
    assert found[0].settings["class_training_pictures"] == 3
    assert found[1].name == "loop_name"


def test_metrics_of_other_images():
    plain = CaptionCollection([CaptionedImage("1", None, ("a dog",), b"")])
    assert names(default_metrics(plain, describe=describe)) == ["Diversity"]


@pytest.mark.parametrize(
    ("validation", "photos", "message"),
    [
        (flowers("a", "b"), None, "real images"),
        (flowers("a", "b"), CaptionCollection([]), "real images"),
        (flowers("a", "b"), flowers("b", "c"), "images=1.*'b'"),
        (draw_scenes("test", 2), flowers("c"), "label for each"),
        (flowers("a"), draw_scenes("test", 2), "label for each"),
    ],
)
def test_photos_without_labels_or_of_the_painted_texts_are_refused(
    matcher, validation, photos, message
):
    extractor = FeatureExtractor(matcher.image_encoder)
    with pytest.raises(InputError, match=message):
        default_metrics(validation, classifier=extractor, photos=photos)
