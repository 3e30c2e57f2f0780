"""f(I, D) of every picture with every text."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.text.transformer_block import hide

# Scores of cosines beyond that are steps, and training them diverges (CLIP).
LARGEST_SCALE = 100.0


@keras.saving.register_keras_serializable("keras_imgdesc")
class PairScore(keras.layers.Layer):
    """Scores pictures and texts by their vectors.

    f = g * cosine(picture, text) + l * (mean over the words of cosine(word, what the
    word attends to in the picture)), where g, l and the sharpness of the attention are
    learned. The second, local term is that of DAMSM.

    Args:
        use_global, use_local: whether f has the term; one of them at least.
        word_pooling: how words become one number: `"mean"`, or DAMSM's
            `"log_sum_exp"`, under which the best matching words decide.

    Call arguments:
        images: `{"vector": (images, dim), "regions": (images, regions, dim)}`.
        texts: `{"vector": (texts, dim), "words": (texts, words, dim)}`, all of unit
            length.
        padding_mask: bool (texts, words), True at words.

    Returns:
        float32 (images, texts).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.matching import PairScore
    >>> images = {"vector": np.eye(3)[:2], "regions": np.eye(3)[None, :2].repeat(2, 0)}
    >>> texts = {"vector": np.eye(3)[:1], "words": np.eye(3)[None, :1]}
    >>> tuple(PairScore()(images, texts, np.ones((1, 1), bool)).shape)
    (2, 1)

    Reference:
        Xu et al., "AttnGAN: Fine-Grained Text to Image Generation with Attentional
        Generative Adversarial Networks", https://arxiv.org/abs/1711.10485
    """

    def __init__(
        self,
        use_global: bool = True,
        use_local: bool = True,
        word_pooling: str = "mean",
        name: str = "pair_score",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        if not (use_global or use_local):
            raise InputError(
                "f must have a term",
                "Leave use_global or use_local on",
                use_global=use_global,
                use_local=use_local,
            )
        if word_pooling not in ("mean", "log_sum_exp"):
            raise InputError(
                "word_pooling must be 'mean' or 'log_sum_exp'",
                "Choose one of them",
                word_pooling=word_pooling,
            )
        # bfloat16 would leave cosines less than three digits.
        super().__init__(name=name, dtype="float32")
        self.use_global = use_global
        self.use_local = use_local
        self.word_pooling = word_pooling
        for which, start in (
            ("global_scale", 15.0),
            ("local_scale", 15.0),
            ("sharpness", 8.0),
        ):
            initializer = keras.initializers.Constant(math.log(start))
            weight = self.add_weight(
                shape=(),
                initializer=initializer,
                trainable=use_global if which == "global_scale" else use_local,
                name=f"log_{which}",
            )
            setattr(self, f"log_{which}", weight)
        self.built = True

    def build(self, *shapes: Any, **more: Any) -> None:
        pass  # its weights depend on no shape

    @property
    def global_scale(self) -> Any:
        """What the cosine of picture and text is multiplied by."""
        return self._scale(self.log_global_scale)

    def call(self, images: Any, texts: Any, padding_mask: Any) -> Any:
        terms = []
        if self.use_global:
            cosines = ops.matmul(images["vector"], ops.transpose(texts["vector"]))
            terms.append(self.global_scale * cosines)
        if self.use_local:
            cosines, _ = self.attend(images["regions"], texts["words"])
            local = self._pool(cosines, ops.expand_dims(padding_mask, 0))
            terms.append(self._scale(self.log_local_scale) * local)
        return sum(terms[1:], terms[0])

    def own(self, images: Any, texts: Any, padding_mask: Any) -> Any:
        """Scores each picture with texts of its own.

        Args:
            images: as in a call.
            texts: `{"vector": (images, texts, dim), "words": (images, texts, words,
                dim)}`.
            padding_mask: bool (images, texts, words).

        Returns:
            float32 (images, texts).
        """
        terms = []
        if self.use_global:
            vector = ops.expand_dims(images["vector"], 1)
            cosines = ops.sum(vector * texts["vector"], axis=-1)
            terms.append(self.global_scale * cosines)
        if self.use_local:
            words = texts["words"]
            count, length = ops.shape(words)[1:3]
            flat = ops.reshape(words, (-1, count * length, words.shape[3]))
            cosines, _ = self._look(images["regions"], flat)
            cosines = ops.reshape(cosines, (-1, count, length))
            local = self._pool(cosines, padding_mask)
            terms.append(self._scale(self.log_local_scale) * local)
        return sum(terms[1:], terms[0])

    def attend(self, regions: Any, words: Any) -> tuple[Any, Any]:
        """Lets each word look at each picture.

        Args:
            regions: (images, regions, dim).
            words: (texts, words, dim).

        Returns:
            Cosines of words and what they attend to, (images, texts, words), and the
            attention (images, texts, words, regions), which sums to 1.
        """
        count, length = ops.shape(words)[:2]
        flat = ops.reshape(words, (1, -1, words.shape[2]))
        similarity, attention = self._look(regions, flat)
        return (
            ops.reshape(similarity, (-1, count, length)),
            ops.reshape(attention, (-1, count, length, regions.shape[1])),
        )

    def _look(self, regions: Any, words: Any) -> tuple[Any, Any]:
        """`attend` for words (1 or images, words, dim) in a row."""
        cosines = ops.matmul(words, ops.transpose(regions, (0, 2, 1)))
        attention = ops.softmax(self._scale(self.log_sharpness) * cosines, axis=-1)
        # The length of a sum of vectors through their products with each other: with
        # fewer regions than channels that is less work than the sum itself.
        products = ops.matmul(regions, ops.transpose(regions, (0, 2, 1)))
        squares = ops.sum(ops.matmul(attention, products) * attention, axis=-1)
        along = ops.sum(attention * cosines, axis=-1)
        return along * ops.rsqrt(ops.maximum(squares, 1e-6)), attention

    def _pool(self, cosines: Any, padding_mask: Any) -> Any:
        if self.word_pooling == "log_sum_exp":
            sharpness = self._scale(self.log_sharpness)
            hidden = sharpness * cosines + hide(padding_mask)
            return ops.logsumexp(hidden, axis=-1) / sharpness
        is_word = ops.cast(padding_mask, "float32")
        number = ops.maximum(ops.sum(is_word, axis=-1), 1.0)
        return ops.sum(cosines * is_word, axis=-1) / number

    def _scale(self, logarithm: Any) -> Any:
        return ops.minimum(ops.exp(logarithm), LARGEST_SCALE)

    def compute_output_spec(self, images: Any, texts: Any, padding_mask: Any) -> Any:
        # Pictures and texts need not be as many.
        return keras.KerasTensor((None, None), "float32")

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "use_global": self.use_global,
            "use_local": self.use_local,
            "word_pooling": self.word_pooling,
        }


def unit_length(x: Any) -> Any:
    """Scale vectors to unit length; a vector of zeros stays zero.

    Args:
        x: float (..., width).

    Returns:
        float32 of the same shape.

    Example:

    >>> from keras_imgdesc.matching.pair_score import unit_length
    >>> [round(float(value), 2) for value in unit_length([[3.0, 4.0]])[0]]
    [0.6, 0.8]
    """
    x = ops.cast(x, "float32")
    squares = ops.sum(ops.square(x), axis=-1, keepdims=True)
    # Not `ops.norm`: its gradient at zero is NaN.
    return x * ops.rsqrt(ops.maximum(squares, 1e-12))
