"""Attention over the words that a classifier sees in an image."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

# Weights below this are those of absent concepts.
_PRESENT = 1e-6
# Finite: infinity becomes NaN in a runtime that multiplies it by 0.
_IMPOSSIBLE = -1e9


@keras.saving.register_keras_serializable("keras_imgdesc")
class ConceptAttention(keras.layers.Layer):
    """Attend to seen words, and raise the logits of those not used yet.

    The attention's scores are products of queries and keys plus the logarithm of each
    concept's probability, with an empty slot for words that need no concept. A pointer
    computes for each concept how much the logit of its word is raised; a concept that
    the caption has used, or whose probability is 0, is not raised.

    Args:
        concept_dim: width of keys and values.

    Call arguments:
        hidden: float (captions, words, hidden_dim), source of the queries.
        projected: float (images, concepts, 3 * concept_dim), of each concept the key
            and the value of the attention and the key of the pointer. The captions of
            an image are adjacent.
        weights: float (images, concepts), probabilities; 0 is absent.
        used: float (captions, words, concepts), 1 where the caption has the word.

    Returns:
        Context, (captions, words, concept_dim), and what is added to the logit of each
        concept's word, float32 (captions, words, concepts).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.concept_attention import (
    ...     ConceptAttention,
    ... )
    >>> attend = ConceptAttention(8)
    >>> hidden, projected = np.ones((4, 5, 6)), np.ones((2, 3, 24))
    >>> weights, used = np.ones((2, 3)), np.zeros((4, 5, 3))
    >>> [tuple(x.shape) for x in attend(hidden, projected, weights, used)]
    [(4, 5, 8), (4, 5, 3)]

    Reference:
        You et al., "Image Captioning with Semantic Attention",
        https://arxiv.org/abs/1603.03925; See et al., "Get To The Point" (pointer),
        https://arxiv.org/abs/1704.04368
    """

    def __init__(self, concept_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.concept_dim = concept_dim

    def build(
        self,
        hidden_shape: tuple[int | None, ...],
        projected_shape: Any = None,
        weights_shape: Any = None,
        used_shape: Any = None,
    ) -> None:
        # Two queries, of the attention and of the pointer.
        self.queries = keras.layers.Dense(
            2 * self.concept_dim, dtype=self.dtype_policy, name="queries"
        )
        self.queries.build(hidden_shape)
        self.empty_key = self.add_weight(
            shape=(self.concept_dim,), initializer="zeros", name="empty_key"
        )
        # Attention: a used concept. Pointer: its probability, and a constant.
        self.scales = self.add_weight(
            shape=(3,),
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(
                [-1.0, 2.0, 1.0], dtype=dtype
            ),
            dtype="float32",
            name="scales",
        )

    def call(self, hidden: Any, projected: Any, weights: Any, used: Any) -> Any:
        concepts = projected.shape[1]
        images, words = ops.shape(projected)[0], ops.shape(hidden)[1]
        attention_query, pointer_query = ops.split(self.queries(hidden), 2, axis=-1)
        attention_key, values, pointer_key = ops.split(projected, 3, axis=-1)

        def products(queries: Any, keys: Any) -> Any:
            queries = ops.reshape(queries, (images, -1, self.concept_dim))
            found = ops.matmul(queries, ops.transpose(keys, (0, 2, 1)))
            return ops.cast(found, "float32") * self.concept_dim**-0.5

        used = ops.reshape(ops.cast(used, "float32"), (images, -1, concepts))
        weights = ops.expand_dims(ops.cast(weights, "float32"), 1)
        of_used, of_weight, constant = ops.unstack(
            ops.cast(self.scales, "float32"), axis=0
        )
        scores = products(attention_query, attention_key) + of_used * used
        # An absent concept gets no attention at all.
        present = ops.where(
            weights > _PRESENT, ops.log(ops.maximum(weights, _PRESENT)), _IMPOSSIBLE
        )
        scores = scores + present
        own = ops.cast(
            ops.sum(attention_query * self.empty_key, axis=-1), "float32"
        ) * (self.concept_dim**-0.5)
        own = ops.reshape(own, (images, -1, 1))
        shares = ops.softmax(ops.concatenate([scores, own], axis=-1), axis=-1)
        shares = ops.cast(shares[..., :concepts], values.dtype)
        context = ops.reshape(ops.matmul(shares, values), (-1, words, self.concept_dim))
        boost = products(pointer_query, pointer_key) + of_weight * weights + constant
        free = ops.cast(weights > _PRESENT, "float32") * (1.0 - used)
        return context, ops.reshape(boost * free, (-1, words, concepts))

    def compute_output_spec(
        self, hidden: Any, projected: Any, weights: Any, used: Any
    ) -> Any:
        captions, words = hidden.shape[:2]
        return (
            keras.KerasTensor((captions, words, self.concept_dim), self.compute_dtype),
            keras.KerasTensor((captions, words, projected.shape[1]), "float32"),
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"concept_dim": self.concept_dim}
