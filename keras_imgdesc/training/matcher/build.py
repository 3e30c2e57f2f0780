"""The untrained matcher of a recipe."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.text_cache import cached_texts
from keras_imgdesc.errors import InputError
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.text import CaptionTokenizer, CompactTextEncoder, Vocabulary
from keras_imgdesc.training.matcher.recipe import MatchingRecipe
from keras_imgdesc.vision import ImageEncoder, build_encoder


def build_matcher(recipe: MatchingRecipe, train: CaptionCollection) -> ImageTextMatcher:
    """Build the untrained matcher of a recipe.

    Args:
        recipe: training settings.
        train: images whose captions give the vocabulary of a new text encoder.

    Raises:
        InputError: a preset lacks the encoder to be used, or an option is unknown.
    """
    return ImageTextMatcher.build_parts(
        _image_encoder(recipe),
        _text_encoder(recipe, train),
        embedding_dim=recipe.embedding_dim,
        num_layers=recipe.num_layers,
        num_heads=recipe.num_heads,
        dropout=recipe.dropout,
        pool_size=recipe.pool_size,
        **recipe.scoring,
    )


def embed_captions(
    encoder: Any, collection: CaptionCollection, path: Path, *, progress: bool = True
) -> dict[str, np.ndarray]:
    """Embed all captions of a collection, or read them from a cache.

    Args:
        encoder: text encoder.
        collection: images with captions.
        path: folder of the cache.
        progress: whether to show a progress bar.

    Returns:
        In the order of `collection.captions()`: `"sentence"` float
        `(captions, width)`, `"words"` float `(captions, words, width)` and
        `"padding_mask"` bool `(captions, words)`.
    """
    found = cached_texts(encoder, collection.captions(), path, progress=progress)
    return {
        "sentence": found.sentences,
        "words": found.words,
        "padding_mask": found.padding_mask,
    }


def _image_encoder(recipe: MatchingRecipe) -> ImageEncoder:
    if not recipe.image_encoder_from:
        return build_encoder(recipe.encoder, **recipe.encoder_options)
    encoder = _part(recipe.image_encoder_from, "image_encoder", "captioner or matcher")
    if "image_size" in recipe.encoder_options:
        encoder = encoder.resized(recipe.encoder_options["image_size"])
    encoder.set_trainable_from(recipe.encoder_options.get("trainable_from"))
    return encoder


def _text_encoder(recipe: MatchingRecipe, train: CaptionCollection) -> Any:
    if recipe.text_encoder_from:
        encoder = _part(recipe.text_encoder_from, "text_encoder", "matcher or painter")
        encoder.trainable = False
        return encoder
    if recipe.text_encoder == "bert":
        from keras_imgdesc.text import BertTextEncoder

        return BertTextEncoder(**recipe.text_options)
    vocabulary = Vocabulary.build(train.captions(), recipe.min_count)
    tokenizer = CaptionTokenizer(vocabulary, recipe.sequence_length)
    return CompactTextEncoder(tokenizer, **recipe.text_options)


def _part(preset: str, name: str, tasks: str) -> Any:
    """Return a part of a preset's task."""
    task = load_preset(preset)
    if not hasattr(task, name):
        raise InputError(
            f"{name}_from must be the preset of a {tasks}",
            f"Name one that has a {name}",
            **{f"{name}_from": preset, "task": type(task).__name__},
        )
    return getattr(task, name)
