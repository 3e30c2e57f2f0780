"""The untrained matcher of a recipe."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.text_cache import cached_texts
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.text import CaptionTokenizer, CompactTextEncoder, Vocabulary
from keras_imgdesc.training.inputs.building import building
from keras_imgdesc.training.inputs.parts import image_encoder_of, part_of_preset
from keras_imgdesc.training.matcher.recipe import MatchingRecipe


@building("matcher")
def build_matcher(recipe: MatchingRecipe, train: CaptionCollection) -> ImageTextMatcher:
    """Build the untrained matcher of a recipe.

    Args:
        recipe: training settings.
        train: images whose captions give the vocabulary of a new text encoder.

    Raises:
        InputError: a preset lacks the encoder to be used, or an option is unknown.
    """
    return ImageTextMatcher.build_parts(
        image_encoder_of(recipe),
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


def _text_encoder(recipe: MatchingRecipe, train: CaptionCollection) -> Any:
    if recipe.text_encoder_from:
        encoder = part_of_preset(
            recipe.text_encoder_from, "text_encoder", "matcher or painter"
        )
        encoder.trainable = False
        return encoder
    if recipe.text_encoder == "bert":
        from keras_imgdesc.text import BertTextEncoder

        return BertTextEncoder(**recipe.text_options)
    vocabulary = Vocabulary.build(
        train.captions(), recipe.min_count, split=recipe.split
    )
    tokenizer = CaptionTokenizer(vocabulary, recipe.sequence_length, recipe.split)
    return CompactTextEncoder(tokenizer, **recipe.text_options)
