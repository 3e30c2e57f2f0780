"""What a matching run starts from."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.text import CaptionTokenizer, CompactTextEncoder, Vocabulary
from keras_imgdesc.training.matcher.recipe import MatchingRecipe
from keras_imgdesc.vision import build_encoder


def build_matcher(recipe: MatchingRecipe, train: CaptionCollection) -> ImageTextMatcher:
    """The matcher that a recipe asks for, untrained."""
    if recipe.encoder_from:
        task = load_preset(recipe.encoder_from)
        encoder = task.image_encoder
        if "image_size" in recipe.encoder_options:
            encoder = encoder.resized(recipe.encoder_options["image_size"])
        encoder.set_trainable_from(recipe.encoder_options.get("trainable_from"))
    else:
        encoder = build_encoder(recipe.encoder, **recipe.encoder_options)
    text_encoder: Any
    if recipe.text_encoder_from:
        text_encoder = _text_encoder(recipe.text_encoder_from)
    elif recipe.text_encoder == "bert":
        from keras_imgdesc.text import BertTextEncoder

        text_encoder = BertTextEncoder(**recipe.text_options)
    else:
        vocabulary = Vocabulary.build(train.captions(), recipe.min_count)
        tokenizer = CaptionTokenizer(vocabulary, recipe.sequence_length)
        text_encoder = CompactTextEncoder(tokenizer, **recipe.text_options)
    return ImageTextMatcher.build_parts(
        encoder,
        text_encoder,
        embedding_dim=recipe.embedding_dim,
        num_layers=recipe.num_layers,
        num_heads=recipe.num_heads,
        dropout=recipe.dropout,
        pool_size=recipe.pool_size,
        **recipe.scoring,
    )


def _text_encoder(preset: str) -> Any:
    """That of a matcher, frozen."""
    task = load_preset(preset)
    if not hasattr(task, "text_encoder"):
        raise InputError(
            "A text encoder to use is that of a matcher or painter",
            "Name the preset of one",
            text_encoder_from=preset,
            task=type(task).__name__,
        )
    task.text_encoder.trainable = False
    return task.text_encoder


def embed_captions(
    encoder: Any, collection: CaptionCollection, path: Path
) -> dict[str, np.ndarray]:
    """Embeddings of all captions, by name; see `cached_texts`."""
    from keras_imgdesc.data.text_cache import cached_texts

    found = cached_texts(encoder, collection.captions(), path)
    return {
        "sentence": found.sentences,
        "words": found.words,
        "padding_mask": found.padding_mask,
    }
