"""A matcher's computations in batches of bounded size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from keras import ops

from keras_imgdesc.backend import compile_function
from keras_imgdesc.embeddings import (
    ImageEmbeddings,
    MatchedTexts,
    WordMaps,
    collect_embeddings,
)
from keras_imgdesc.errors import ImageError
from keras_imgdesc.images import batches_ahead, iterate_images

# Largest number of attention weights of a block of images and texts: 64 MB.
LARGEST_BLOCK = 1 << 24


class MatchingFunctions:
    """Compute what `ImageTextMatcher` returns, with compiled functions.

    Args:
        matcher: `ImageTextMatcher`; its weights are read at each call.
    """

    def __init__(self, matcher: Any) -> None:
        self.matcher = matcher
        self._image = compile_function(
            matcher,
            lambda pixels: matcher.image_tower(
                {"feature_map": matcher.image_encoder(pixels, training=False)},
                training=False,
            ),
            reduce_retracing=True,
        )
        self._score = compile_function(
            matcher,
            lambda *values: matcher.pair_score(
                dict(zip(("vector", "regions"), values[:2])),
                dict(zip(("vector", "words"), values[2:4])),
                values[4],
            ),
            reduce_retracing=True,
        )

    def all_images(
        self, sources: Any, batch_size: int, on_damaged: str = "warn"
    ) -> ImageEmbeddings:
        """Return the embeddings of all images.

        Raises:
            ImageError: an image cannot be read.
            InputError: there is no image.
        """
        return collect_embeddings(self.stream(sources, batch_size, on_damaged))

    def stream(
        self, sources: Any, batch_size: int, on_damaged: str = "warn"
    ) -> Iterator[tuple[Any, tuple[np.ndarray, np.ndarray] | ImageError]]:
        """Embed images in order; see `ImageTextMatcher.embed_images_stream`."""
        size = self.matcher.image_encoder.image_size
        sources = iterate_images(sources)
        for batch in batches_ahead(sources, size, batch_size, on_damaged=on_damaged):
            pixels = [image for _, image in batch if not isinstance(image, ImageError)]
            embedded = iter(self.images(pixels, batch_size))
            for source, image in batch:
                if isinstance(image, ImageError):
                    yield source, image
                else:
                    yield source, next(embedded)

    def images(
        self, pixels: list[np.ndarray], batch_size: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return vector and regions of each image, uint8 of the encoder's size."""
        if not pixels:
            return []
        count = len(pixels)
        # Padded to a size that is traced already.
        batch = np.stack(pixels + [pixels[-1]] * (batch_size - count))
        found = {k: ops.convert_to_numpy(v) for k, v in self._image(batch).items()}
        return list(zip(found["vector"][:count], found["regions"][:count]))

    def texts(self, texts: list[str], batch_size: int) -> MatchedTexts:
        """Return vectors of texts and of their words."""
        encoded = self.matcher.text_encoder.encode(texts, batch_size=batch_size)
        vectors, words = [], []
        for start in range(0, len(encoded), batch_size):
            part = slice(start, start + batch_size)
            found = self.matcher.text_tower(
                {"sentence": encoded.sentences[part], "words": encoded.words[part]},
                training=False,
            )
            vectors.append(ops.convert_to_numpy(found["vector"]))
            words.append(ops.convert_to_numpy(found["words"]))
        return MatchedTexts(
            np.concatenate(vectors), np.concatenate(words), encoded.padding_mask
        )

    def scores(self, images: ImageEmbeddings, texts: MatchedTexts) -> np.ndarray:
        """Return f(I, D), float32 (images, texts), computed in blocks."""
        if not self.matcher.pair_score.use_local:
            scale = np.float32(self.matcher.global_scale)
            return scale * (images.vectors @ texts.vectors.T)
        # The longest text determines the size of a block.
        length = 1 + int(np.flatnonzero(texts.padding_mask.any(axis=0)).max(initial=0))
        cell = length * images.regions.shape[1]
        side = max(1, int((LARGEST_BLOCK / cell) ** 0.5))
        out = np.empty((len(images), len(texts)), np.float32)
        for row in range(0, len(images), side):
            image_block = images[row : row + side]
            for column in range(0, len(texts), side):
                text_block = texts[column : column + side]
                found = self._score(
                    image_block.vectors,
                    image_block.regions,
                    text_block.vectors,
                    text_block.words[:, :length],
                    text_block.padding_mask[:, :length],
                )
                out[row : row + side, column : column + side] = ops.convert_to_numpy(
                    found
                )
        return out

    def explain(
        self, image: ImageEmbeddings, matched: MatchedTexts, text: str
    ) -> WordMaps:
        """Return the attention of each word of one text on one image."""
        found = self.matcher.pair_score.attend(image.regions, matched.words)
        cosines, attention = (ops.convert_to_numpy(x)[0, 0] for x in found)
        is_word = matched.padding_mask[0]
        rows, columns = self.matcher.image_tower.regions_shape
        tokenizer = self.matcher.text_encoder.tokenizer
        return WordMaps(
            tokenizer.detokenize(self.matcher.text_encoder.tokenize(text))[0],
            attention[is_word].reshape(-1, rows, columns),
            cosines[is_word],
            getattr(tokenizer, "split", "words"),
        )

    def fingerprint(self) -> str:
        """Return a digest; see `ImageTextMatcher.fingerprint`."""
        matcher = self.matcher
        digest = hashlib.sha256(
            (
                matcher.image_encoder.fingerprint() + matcher.text_encoder.fingerprint()
            ).encode()
        )
        digest.update(repr(matcher.pair_score.get_config()).encode())
        for part in (matcher.image_tower, matcher.text_tower, matcher.pair_score):
            for variable in part.weights:
                array = ops.convert_to_numpy(variable).astype(np.float16)
                digest.update(array.tobytes())
        return digest.hexdigest()[:16]
