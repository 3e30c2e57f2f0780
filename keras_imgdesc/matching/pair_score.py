"""f(I, D) of every image with every text."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.text.transformer_block import hide

# Larger scales turn the softmax into a step, and training diverges (CLIP).
LARGEST_SCALE = 100.0


@keras.saving.register_keras_serializable("keras_imgdesc")
class PairScore(keras.layers.Layer):
    """Score images and texts by their vectors.

    f = g * cosine(image, text) + l * mean over the words of cosine(word, attended
    regions), where g, l and the sharpness of the attention are learned. The second,
    local term is that of DAMSM.

    Args:
        use_global: whether f has the global term, the first one.
        use_local: whether f has the local term, the second one.
        word_pooling: reduction over the words: `"mean"`, or `"log_sum_exp"` as in
            DAMSM, which the best matching words dominate.
        name: name of the layer.

    Call arguments:
        images: `{"vector": (images, dim), "regions": (images, regions, dim)}`.
        texts: `{"vector": (texts, dim), "words": (texts, words, dim)}`, all of unit
            length.
        padding_mask: bool (texts, words), True at words.

    Returns:
        float32 (images, texts).

    Raises:
        InputError: f would have no term, or an option is unknown.

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
                "f(I, D) must have at least one term",
                "Set use_global or use_local to True",
                use_global=use_global,
                use_local=use_local,
            )
        if word_pooling not in ("mean", "log_sum_exp"):
            raise InputError(
                "word_pooling must be 'mean' or 'log_sum_exp'",
                "Use one of ['mean', 'log_sum_exp']",
                word_pooling=word_pooling,
            )
        # float32 under any policy: bfloat16 has fewer than three decimal digits.
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
        pass  # the weights do not depend on shapes

    @property
    def global_scale(self) -> Any:
        """Factor of the cosine of image and text in f."""
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
        """Score each image with its own set of texts.

        Args:
            images: as in the call arguments.
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
            cosines, _ = self._attend(images["regions"], flat)
            cosines = ops.reshape(cosines, (-1, count, length))
            local = self._pool(cosines, padding_mask)
            terms.append(self._scale(self.log_local_scale) * local)
        return sum(terms[1:], terms[0])

    def attend(self, regions: Any, words: Any) -> tuple[Any, Any]:
        """Let each word attend to the regions of each image.

        Args:
            regions: (images, regions, dim).
            words: (texts, words, dim).

        Returns:
            Cosines of words and attended regions, (images, texts, words), and the
            attention (images, texts, words, regions), which sums to 1.
        """
        count, length = ops.shape(words)[:2]
        flat = ops.reshape(words, (1, -1, words.shape[2]))
        similarity, attention = self._attend(regions, flat)
        return (
            ops.reshape(similarity, (-1, count, length)),
            ops.reshape(attention, (-1, count, length, regions.shape[1])),
        )

    def _attend(self, regions: Any, words: Any) -> tuple[Any, Any]:
        """Attend with words (1 or images, words, dim) of all texts in one axis."""
        cosines = ops.matmul(words, ops.transpose(regions, (0, 2, 1)))
        attention = ops.softmax(self._scale(self.log_sharpness) * cosines, axis=-1)
        # The length of the weighted sum of regions, from their dot products: with fewer
        # regions than channels, that is cheaper than the sum itself.
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
        num_words = ops.maximum(ops.sum(is_word, axis=-1), 1.0)
        return ops.sum(cosines * is_word, axis=-1) / num_words

    def _scale(self, logarithm: Any) -> Any:
        return ops.minimum(ops.exp(logarithm), LARGEST_SCALE)

    def compute_output_spec(self, images: Any, texts: Any, padding_mask: Any) -> Any:
        # The numbers of images and texts may differ.
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
