"""The captioner that a recipe with a classifier trains."""

import keras
import numpy as np
import pytest

from keras_imgdesc import ImageClassifier, VGG16Encoder
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.text import standardization
from keras_imgdesc.training.captioner.build import build_captioner
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.vision.imagenet_labels import imagenet_labels

CAPTIONS = ("A zebra runs", "a zebra and a cat", "a dog and a gnu")
UNPAIRED = ["A dog, a dog!", "a dog and a bus"]


@pytest.fixture
def classifier(tmp_path) -> ImageClassifier:
    keras.utils.set_random_seed(0)
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    classifier = ImageClassifier.build_parts(encoder, imagenet_labels())
    classifier.save_to_preset(tmp_path / "classifier")
    return ImageClassifier.from_preset(tmp_path / "classifier")


def test_a_classifier_brings_its_head_and_rarer_nouns(
    classifier, tmp_path, monkeypatch
):
    standardize, read = standardization.standardize_list, []

    def standardize_and_note(captions):
        read.extend(captions)
        return standardize(captions)

    monkeypatch.setattr(standardization, "standardize_list", standardize_and_note)
    recipe = CaptionRecipe(
        classifier=str(tmp_path / "classifier"),
        min_count=4,
        sequence_length=8,
        encoder_options={"trainable_from": "none"},
        decoder_options={
            "embedding_dim": 8, "hidden_dim": 8, "feature_dim": 8, "num_heads": 2,
        },
        concept_options={"num_concepts": 2},
    )  # fmt: skip
    image = CaptionedImage("0", None, CAPTIONS, np.zeros((32, 32, 3), np.uint8))
    captioner = build_captioner(recipe, CaptionCollection([image]), UNPAIRED)
    # "a" and "dog" are frequent; of the words that occur twice or more, "zebra" is a
    # noun of the table and "and" is not; "cat" and "bus" occur once.
    assert captioner.vocabulary.tokens[4:] == ("a", "dog", "zebra")
    assert sorted(read) == sorted([*CAPTIONS, *UNPAIRED])  # each caption once
    detector = captioner.decoder.concept_detector
    assert detector.noun_token_ids == [5, 6]
    for got, expected in zip(detector.head.weights, classifier.head.weights):
        np.testing.assert_array_equal(got, expected)
