"""The captioner that a recipe trains."""

import itertools
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from keras_imgdesc.backend import global_policy
from keras_imgdesc.captioning import ImageCaptioner, build_decoder
from keras_imgdesc.captioning.concepts.concept_table import ConceptTable
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.text.vocabulary import count_words
from keras_imgdesc.training.captioner.new_words import (
    MIN_NOUN_COUNT,
    add_new_words,
    check_known,
)
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.inputs.building import building
from keras_imgdesc.vision import build_encoder

LOGGER = logging.getLogger(__name__)


@building("captioner")
def build_captioner(
    recipe: CaptionRecipe, train: CaptionCollection, unpaired: Sequence[str] = ()
) -> ImageCaptioner:
    """Load the captioner to continue from, or build a new one.

    Args:
        recipe: training settings.
        train: images with captions.
        unpaired: captions without images.

    Raises:
        InputError: a preset does not exist, a setting does not fit, or most words of
            `train` are unknown to the preset.
    """
    options = dict(recipe.encoder_options)
    if recipe.start_from:
        captioner = ImageCaptioner.from_preset(recipe.start_from, global_policy())
        first = options.get("trainable_from", "none")
        captioner.image_encoder.set_trainable_from(first)
        split = captioner.tokenizer.split
        words = count_words(train.captions(), split=split)
        if recipe.grow_vocabulary:
            all_words = words + count_words(unpaired, split=split)
            captioner = add_new_words(captioner, all_words, recipe.min_count)
        check_known(captioner.vocabulary, words)
        return captioner
    vocabulary = _vocabulary(
        recipe,
        count_words(itertools.chain(train.captions(), unpaired), split=recipe.split),
    )
    tokenizer = CaptionTokenizer(vocabulary, recipe.sequence_length, recipe.split)
    decoder_options = dict(recipe.decoder_options)
    classifier = None
    if recipe.classifier:
        classifier = load_classifier(recipe.classifier)
        encoder = _encoder_of(classifier, options, recipe.classifier_share)
        decoder_options["concepts"] = _concepts(recipe, vocabulary)
    else:
        encoder = build_encoder(recipe.encoder, **options)
    decoder = build_decoder(
        recipe.decoder, len(vocabulary), encoder.feature_map_shape, **decoder_options
    )
    if classifier is not None:
        decoder.concept_detector.load_head(classifier.head)
    return ImageCaptioner(encoder, decoder, tokenizer)


def check_unpaired(recipe: CaptionRecipe, unpaired: Sequence[str]) -> None:
    """Refuse a recipe with batches of unpaired captions if there are none.

    Raises:
        InputError: the captions are missing.
    """
    if recipe.unpaired_batches and not unpaired:
        raise InputError(
            "A recipe with unpaired_batches needs captions without images",
            "Give a file of captions with --unpaired-captions",
            unpaired_batches=recipe.unpaired_batches,
        )


def load_classifier(preset: str) -> Any:
    """Load the classifier that a recipe names.

    Raises:
        InputError: the preset does not exist, or is of another task.
    """
    classifier = load_preset(preset, global_policy())
    if not hasattr(classifier, "head"):
        raise InputError(
            "classifier must be the preset of an ImageClassifier",
            "Use for example imagenet_efficientnet_lite2",
            classifier=preset,
            task=type(classifier).__name__,
        )
    return classifier


def _encoder_of(classifier: Any, options: Mapping[str, Any], share: float) -> Any:
    """Return the classifier's encoder, or its mean with one that `options` name."""
    encoder = classifier.image_encoder
    if "image_size" in options:
        encoder = encoder.resized(options["image_size"])
    if "weights" in options:
        own = encoder.get_weights()
        config = encoder.get_config() | {"weights": options["weights"]}
        encoder = type(encoder).from_config(config)
        pairs = zip(own, encoder.get_weights(), strict=True)
        encoder.set_weights([share * a + (1 - share) * b for a, b in pairs])
    encoder.set_trainable_from(options.get("trainable_from", "none"))
    return encoder


def _vocabulary(recipe: CaptionRecipe, words: Counter[str]) -> Vocabulary:
    """Return the frequent words, and with a classifier also its rarer nouns.

    Args:
        recipe: training settings.
        words: number of occurrences of each word of the training captions.
    """
    frequent = Vocabulary.of_counts(words, recipe.min_count)
    if not recipe.classifier:
        return frequent
    least = min(recipe.min_count, MIN_NOUN_COUNT)
    rare = [
        noun
        for noun in ConceptTable.load().nouns
        if words[noun] >= least and noun not in frequent
    ]
    return frequent.extended(rare)


def _concepts(recipe: CaptionRecipe, vocabulary: Vocabulary) -> dict[str, Any]:
    table = ConceptTable.load()
    known = table.known(vocabulary)
    LOGGER.info(
        "The vocabulary has %d of the %d nouns of the table",
        len(known),
        len(table.nouns),
    )
    return table.detector_config(vocabulary, **recipe.concept_options)
