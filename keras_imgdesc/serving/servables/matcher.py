"""A matcher in LiteRT, with the signatures of its SavedModel."""

from __future__ import annotations

from os import PathLike

import numpy as np

from keras_imgdesc.embeddings import ImageEmbeddings, MatchedTexts
from keras_imgdesc.images.file_formats import MAX_PIXELS
from keras_imgdesc.lite.matcher import LiteMatcher
from keras_imgdesc.serving.servables.lite_images import ABOUT_IMAGES, LiteImages
from keras_imgdesc.serving.servables.lite_texts import LiteTexts
from keras_imgdesc.serving.servables.servable import Arrays
from keras_imgdesc.serving.tensor_spec import SignatureSpec, TensorSpec


class MatcherServable:
    """Score images with texts: `serving_default`, `score`, and both embeddings.

    Args:
        path: the `.tflite` file of a matcher.
        max_pixels: larger images are refused, see `load_image`.
    """

    gains_by_batches = False

    def __init__(self, path: str | PathLike[str], max_pixels: int = MAX_PIXELS) -> None:
        self._task = LiteMatcher(path, num_threads=1)
        self._max_pixels = max_pixels
        tensors = self._task.file.signatures
        regions = tensors["embed_image"]["outputs"]["regions"]["shape"][1:]
        words = tensors["embed_text"]["outputs"]["words"]["shape"][1:]
        self._regions, self._words = tuple(regions), tuple(words)
        strings = TensorSpec("string", (None,))
        matrix = TensorSpec("float32", (None, None))
        vector = TensorSpec("float32", (None, self._task.embedding_dim))
        score = SignatureSpec(
            {"image_bytes": strings, "text": strings},
            {
                "score": matrix,
                "image_probability": matrix,
                "text_probability": matrix,
                **ABOUT_IMAGES,
                "text_error": strings,
                "unknown_words": strings,
            },
        )
        self.signatures = {
            "serving_default": score,
            "score": score,
            "embed_image": SignatureSpec(
                {"image_bytes": strings},
                {
                    "vector": vector,
                    "regions": TensorSpec("float32", (None, *self._regions)),
                    **ABOUT_IMAGES,
                },
            ),
            "embed_text": SignatureSpec(
                {"text": strings},
                {
                    "vector": vector,
                    "words": TensorSpec("float32", (None, *self._words)),
                    "padding_mask": TensorSpec("bool", (None, self._words[0])),
                    "error": strings,
                    "unknown_words": strings,
                },
            ),
        }

    def run(self, signature: str, inputs: Arrays) -> Arrays:
        """See `Servable.run`."""
        if signature == "embed_image":
            found, about = self._embed_images(inputs["image_bytes"])
            return {"vector": found.vectors, "regions": found.regions} | about
        if signature == "embed_text":
            texts, matched = self._embed_texts(inputs["text"])
            return {
                "vector": matched.vectors,
                "words": matched.words,
                "padding_mask": matched.padding_mask,
                "error": texts.errors,
                "unknown_words": texts.unknown_words,
            }
        return self._score(inputs["image_bytes"], inputs["text"])

    def _score(self, image_bytes: np.ndarray, text: np.ndarray) -> Arrays:
        found, about = self._embed_images(image_bytes)
        errors = about["error"]
        texts, matched = self._embed_texts(text)
        is_good = (errors == b"")[:, None] & texts.is_good[None]
        scores = np.zeros(is_good.shape, np.float32)
        if is_good.any():
            rows, columns = errors == b"", texts.is_good
            scores[np.ix_(rows, columns)] = self._task.score(
                found[rows],
                MatchedTexts(
                    matched.vectors[columns],
                    matched.words[columns],
                    matched.padding_mask[columns],
                ),
            )
        return {
            "score": scores,
            "image_probability": _softmax(scores, is_good, 0),
            "text_probability": _softmax(scores, is_good, 1),
            **about,
            "text_error": texts.errors,
            "unknown_words": texts.unknown_words,
        }

    def _embed_images(self, contents: np.ndarray) -> tuple[ImageEmbeddings, Arrays]:
        images = LiteImages(contents, self._task.image_size, self._max_pixels)
        count = len(images.errors)
        vectors = np.zeros((count, self._task.embedding_dim), np.float32)
        regions = np.zeros((count, *self._regions), np.float32)
        for index, pixels in images:
            embedded = self._task.embed_image(pixels)
            vectors[index], regions[index] = embedded["vector"], embedded["regions"]
        return ImageEmbeddings(vectors, regions), images.about

    def _embed_texts(self, text: np.ndarray) -> tuple[LiteTexts, MatchedTexts]:
        texts = LiteTexts(self._task, text)
        count = len(texts.texts)
        vectors = np.zeros((count, self._task.embedding_dim), np.float32)
        words = np.zeros((count, *self._words), np.float32)
        mask = np.zeros((count, self._words[0]), bool)
        for index in np.flatnonzero(texts.is_good):
            one = self._task.embed_texts([texts.texts[index]], allow_unknown=True)
            vectors[index], words[index] = one.vectors, one.words
            mask[index] = one.padding_mask
        return texts, MatchedTexts(vectors, words, mask)


def _softmax(scores: np.ndarray, is_good: np.ndarray, axis: int) -> np.ndarray:
    """Return probabilities along an axis among what is good, 0 elsewhere."""
    rivals = np.where(is_good, scores, np.finfo(np.float32).min)
    largest = rivals.max(axis, keepdims=True, initial=np.finfo(np.float32).min)
    powers = np.where(is_good, np.exp(rivals - largest), np.float32(0))
    totals = powers.sum(axis, keepdims=True)
    found: np.ndarray = powers / np.where(totals > 0, totals, np.float32(1))
    return found
