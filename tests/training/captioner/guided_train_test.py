"""Training of captioners that are guided by concepts."""

import csv

import numpy as np
import pytest

from keras_imgdesc import (
    CaptionTokenizer,
    EfficientNetLiteEncoder,
    ImageCaptioner,
    ImageClassifier,
    VGG16Encoder,
    Vocabulary,
)
from keras_imgdesc.captioning.concepts.concept_table import ConceptTable
from keras_imgdesc.captioning.decoders import build_decoder
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.captioner.build import build_captioner
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.captioner.train import train_captioner

NOUNS = ("ball", "cup", "box")
UNPAIRED = [f"a {noun} on a {other}" for noun in NOUNS for other in NOUNS] * 2
SMALL = {"embedding_dim": 16, "hidden_dim": 24, "feature_dim": 16, "num_heads": 2}


def images(count: int) -> CaptionCollection:
    examples = []
    for i in range(count):
        image = np.full((32, 32, 3), 80 * (i % 3), np.uint8)
        image[0, 0] = i, count, 0  # images of two collections are not the same
        captions = (f"a {NOUNS[i % 3]}", f"this is a {NOUNS[i % 3]}")
        examples.append(CaptionedImage(f"{i}", None, captions, image))
    return CaptionCollection(examples)


@pytest.fixture(scope="module")
def start(tmp_path_factory) -> str:
    """Return the preset of an untrained captioner with a detector of three nouns."""
    vocabulary = Vocabulary(["a", "on", "this", "is", *NOUNS])
    encoder = VGG16Encoder(image_size=32, width=0.125)
    concepts = {
        "class_nouns": [[0], [1], [2]],
        "noun_token_ids": [vocabulary.id_of(noun) for noun in NOUNS],
        "num_concepts": 2,
    }
    decoder = build_decoder(
        "gru",
        len(vocabulary),
        encoder.feature_map_shape,
        concepts=concepts,
        image_dropout=0.1,
        **SMALL,
    )
    captioner = ImageCaptioner(encoder, decoder, CaptionTokenizer(vocabulary, 8))
    path = tmp_path_factory.mktemp("start") / "preset"
    captioner.save_to_preset(path)
    return str(path)


def recipe(start: str, **changes) -> CaptionRecipe:
    values = {
        "start_from": start,
        "encoder_options": {"trainable_from": "none"},
        "epochs": 2,
        "batch_size": 12,
        "captions_per_image": 2,
        "learning_rate": 0.003,
        "warm_up_steps": 2,
        "validation_images": 3,
        "num_beams": 1,
        "precision": "float32",
        "unpaired_batches": 2,
        "unpaired_batch_size": 6,
    }
    return CaptionRecipe(**values | changes)


def train(chosen, run_dir, progress=False):
    return train_captioner(
        chosen, run_dir, images(12), images(3), unpaired=UNPAIRED, progress=progress
    )


@pytest.mark.parametrize(
    "objective",
    ["cross_entropy", pytest.param("self_critical", marks=pytest.mark.slow)],
)
def test_images_and_captions_alone_train_one_decoder(start, tmp_path, objective):
    before = ImageCaptioner.from_preset(start)
    after = train(recipe(start, objective=objective, epochs=1), tmp_path)
    for a, b in zip(
        before.decoder.trainable_variables,
        after.decoder.trainable_variables,
        strict=True,
    ):
        assert (a.numpy() != b.numpy()).any(), a.path
    for a, b in zip(
        before.decoder.concept_detector.weights,
        after.decoder.concept_detector.weights,
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    (row,) = csv.DictReader(lines)
    assert 0 < float(row["unpaired_cross_entropy"]) < 10


@pytest.mark.slow
def test_guided_training_fulfils_the_contract(run_recipe_contract, start):
    run_recipe_contract(recipe(start, patience=2), train, rtol=2e-3)


@pytest.mark.slow
def test_a_run_that_keeps_classes_fulfils_the_contract(
    run_recipe_contract, start, tmp_path
):
    encoder = VGG16Encoder(image_size=32, width=0.125)
    classifier = ImageClassifier.build_parts(encoder, NOUNS)
    classifier.save_to_preset(tmp_path / "classifier")
    chosen = recipe(
        start,
        encoder_options={"trainable_from": "block5"},
        classifier=str(tmp_path / "classifier"),
        classifier_weight=1.0,
        unpaired_batches=0,
        unpaired_batch_size=128,
        patience=2,
    )
    run_recipe_contract(chosen, train, rtol=2e-3)


def test_missing_captions_are_refused_before_anything_is_written(start, tmp_path):
    with pytest.raises(InputError, match="--unpaired-captions"):
        train_captioner(recipe(start), tmp_path / "run", images(12), images(3))
    assert not (tmp_path / "run").exists()


def test_a_decoder_without_concepts_does_not_learn_from_captions_alone(tmp_path):
    chosen = CaptionRecipe(
        encoder_options={"image_size": 32, "width": 0.125},
        decoder_options=SMALL,
        min_count=1,
        batch_size=12,
        captions_per_image=2,
        unpaired_batches=1,
        unpaired_batch_size=6,
    )
    with pytest.raises(InputError, match="guided by concepts"):
        train(chosen, tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_the_encoder_may_be_trained_further_and_the_head_is_the_classifiers(
    tmp_path, share
):
    def encoder() -> EfficientNetLiteEncoder:
        return EfficientNetLiteEncoder(image_size=32, feature_layer="block2")

    table = ConceptTable.load()
    names = [f"class {number}" for number in range(len(table.class_nouns))]
    classifier = ImageClassifier.build_parts(encoder(), names)
    classifier.save_to_preset(tmp_path / "classifier")
    further = encoder()
    decoder = build_decoder("gru", 6, further.feature_map_shape, **SMALL)
    tokenizer = CaptionTokenizer(Vocabulary(["a", "ball"]), 8)
    ImageCaptioner(further, decoder, tokenizer).save_to_preset(tmp_path / "captioner")
    chosen = CaptionRecipe(
        classifier=str(tmp_path / "classifier"),
        classifier_share=share,
        encoder_options={"image_size": 64, "weights": str(tmp_path / "captioner")},
        decoder="gru",
        decoder_options=SMALL,
        concept_options={"num_concepts": 2},
        min_count=1,
    )
    captioner = build_captioner(chosen, images(3), UNPAIRED)
    assert captioner.image_encoder.image_size == 64
    for actual, own, other in zip(
        captioner.image_encoder.weights,
        classifier.image_encoder.weights,
        further.weights,
        strict=True,
    ):
        expected = share * own.numpy() + (1 - share) * other.numpy()
        np.testing.assert_allclose(actual, expected, rtol=2e-3, atol=1e-4)
    for actual, expected in zip(
        captioner.decoder.concept_detector.head.weights,
        classifier.head.weights,
        strict=True,
    ):
        np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-7)
