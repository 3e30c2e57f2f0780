"""Log-probabilities of given captions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
from keras import ops

from keras_imgdesc.backend import compile_function
from keras_imgdesc.caption import Caption
from keras_imgdesc.captioning.captioner_graph import CaptionerGraph, check_length
from keras_imgdesc.captioning.losses import token_losses
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images.damage import damage_of
from keras_imgdesc.images.reading import batches_ahead
from keras_imgdesc.text.checks import check_known, special_ids, warn_of_unknown

# Captions are padded to a multiple of this length, which keeps the traces few.
_LENGTH_STEP = 8


class CaptionScorer:
    """Compute log P(caption | image) with compiled functions.

    Args:
        captioner: source of encoder, decoder and tokenizer.
    """

    def __init__(self, captioner: CaptionerGraph) -> None:
        self._captioner = captioner
        self._encode = compile_function(captioner, self._encode_images)
        self._score = compile_function(captioner, self._score_captions)

    def score(
        self,
        images: list[Any],
        captions: Sequence[str],
        return_attention: bool = False,
        batch_size: int = 32,
        on_damaged: str = "warn",
    ) -> list[Caption]:
        """Score captions; see `ImageCaptioner.score`."""
        if len(images) not in (1, len(captions)):
            raise InputError(
                "There must be as many captions as images, or a single image",
                "Pass one caption per image, or several captions of one image",
                images=len(images),
                captions=len(captions),
            )
        token_ids = self._tokenize(captions)
        warn_of_unknown(self._unknown_words(captions, token_ids), "the captioner")
        scored: list[Caption] = []
        stream = self._features(images, len(captions), batch_size, on_damaged)
        for features, damaged in stream:
            rows = token_ids[len(scored) : len(scored) + len(features)]
            batch = self._score_batch(features, rows, return_attention, batch_size)
            scored += [
                replace(caption, damaged=True) if is_damaged else caption
                for caption, is_damaged in zip(batch, damaged, strict=True)
            ]
        return scored

    def _features(
        self, images: list[Any], num_captions: int, batch_size: int, on_damaged: str
    ) -> Iterator[tuple[np.ndarray, list[bool]]]:
        """Yield batches of feature maps, one per caption, and which are damaged."""
        size = self._captioner.image_encoder.image_size
        ahead = batches_ahead(images, size, batch_size, on_damaged=on_damaged)  # type: ignore[type-var]
        with closing(ahead) as batches:  # type: ignore[type-var]
            for batch in batches:
                images_of_batch = []
                for _, image in batch:
                    if isinstance(image, ImageError):
                        raise image
                    images_of_batch.append(image)
                pixels = np.stack(images_of_batch)
                damaged = [bool(damage_of(image)) for image in images_of_batch]
                if len(images) > 1:
                    yield self._encode_batch(pixels, batch_size), damaged
                    continue
                features = self._encode_batch(pixels, 1)
                for first in range(0, num_captions, batch_size):
                    count = min(batch_size, num_captions - first)
                    yield np.repeat(features, count, axis=0), damaged * count

    def _encode_batch(self, pixels: np.ndarray, batch_size: int) -> np.ndarray:
        features = self._encode(_fill(pixels, batch_size))[: len(pixels)]
        encoded: np.ndarray = ops.convert_to_numpy(ops.cast(features, "float32"))
        return encoded

    def _score_batch(
        self,
        features: np.ndarray,
        token_ids: np.ndarray,
        return_attention: bool,
        batch_size: int,
    ) -> list[Caption]:
        pad_id = self._captioner.tokenizer.vocabulary.pad_id
        outputs = self._score(_fill(features, batch_size), _fill(token_ids, batch_size))
        log_probs, attention = (ops.convert_to_numpy(x) for x in outputs)
        following = token_ids[:, 1:]
        texts = self._captioner.tokenizer.detokenize(following)
        rows, columns, _ = self._captioner.decoder.feature_map_shape
        scored = []
        for i, text in enumerate(texts):
            n = int((following[i] != pad_id).sum())
            maps = None
            if return_attention:
                maps = attention[i, :n].reshape(n, rows, columns).copy()
            total = float(log_probs[i, :n].sum())
            ids, each = following[i, :n].copy(), log_probs[i, :n].copy()
            split = self._captioner.tokenizer.split
            scored.append(Caption(text, total, ids, each, maps, split))
        return scored

    def _tokenize(self, captions: Sequence[str]) -> np.ndarray:
        """Return the token ids of full captions: the tokenizer would truncate them."""
        vocabulary = self._captioner.tokenizer.vocabulary
        rows = [
            [
                vocabulary.start_id,
                *(vocabulary.id_of(word) for word in text.decode().split()),
                vocabulary.end_id,
            ]
            for text in self._captioner.tokenizer.standardize(list(captions)).numpy()
        ]
        # One column more than the decoder reads: the words to predict are shifted.
        longest = max(map(len, rows), default=2) - 1
        decoder = self._captioner.decoder
        check_length(decoder, longest)
        width = -(-longest // _LENGTH_STEP) * _LENGTH_STEP
        width = min(width, decoder.max_length or width) + 1
        token_ids = np.full((len(rows), width), vocabulary.pad_id, np.int32)
        for row, ids in zip(token_ids, rows, strict=True):
            row[: len(ids)] = ids
        return token_ids

    def _unknown_words(
        self, captions: Sequence[str], token_ids: np.ndarray
    ) -> list[str]:
        """Return unknown words, each once; refuse a caption that has no others."""
        tokenizer = self._captioner.tokenizer
        vocabulary = tokenizer.vocabulary
        found = tokenizer.unknown_words(list(captions)).numpy()
        rows = [row for row, words in enumerate(found) if words]
        check_known(
            [captions[row] for row in rows],
            token_ids[rows],
            vocabulary.tokens,
            special_ids(vocabulary),
            "captioner",
        )
        words = b" ".join(found[rows]).decode("utf-8").split()
        return list(dict.fromkeys(words))

    def _encode_images(self, images: Any) -> Any:
        return self._captioner.image_encoder(images, training=False)

    def _score_captions(self, feature_map: Any, token_ids: Any) -> tuple[Any, Any]:
        outputs = self._captioner.decoder(
            {"feature_map": feature_map, "token_ids": token_ids[:, :-1]},
            training=False,
        )
        losses = token_losses(token_ids[:, 1:], outputs["logits"])
        return -losses, outputs["attention"]


def _fill(rows: np.ndarray, batch_size: int) -> np.ndarray:
    """Repeat the last row until there are `batch_size` rows."""
    missing = batch_size - len(rows)
    return np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)])
