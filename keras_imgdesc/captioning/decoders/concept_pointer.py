"""Addition of what a pointer computes to the logits of words."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class ConceptPointer(keras.layers.Layer):
    """Add a number to the logit of each concept's word.

    Call arguments:
        logits: float32 (captions, words, vocabulary_size).
        boost: float32 (captions, words, concepts), what is added.
        concept_ids: int32 (images, concepts), token ids. The captions of an image are
            adjacent. A token that occurs twice gets both numbers.

    Returns:
        float32, the shape of `logits`.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.concept_pointer import ConceptPointer
    >>> logits, boost = np.zeros((1, 1, 4), "float32"), np.full((1, 1, 1), 2.0)
    >>> np.asarray(ConceptPointer()(logits, boost, np.array([[3]])))[0, 0].tolist()
    [0.0, 0.0, 0.0, 2.0]
    """

    def add_to_rows(self, logits: Any, boost: Any, concept_ids: Any) -> Any:
        """Return what a call would, for one word per beam and without training.

        A call multiplies matrices as wide as the vocabulary, which accelerators and
        gradients prefer. This writes a few numbers instead.

        Args:
            logits: float32 (images * beams, vocabulary_size).
            boost: float32 (images, beams, concepts).
            concept_ids: int32 (images, concepts).
        """
        images, beams, concepts = ops.shape(boost)
        rows, size = images * beams, logits.shape[-1]
        first = ops.reshape(ops.arange(rows, dtype="int32") * size, (-1, beams, 1))
        places = ops.reshape(first + ops.expand_dims(concept_ids, 1), (-1, 1))
        added = ops.scatter(places, ops.reshape(boost, (-1,)), (rows * size,))
        return logits + ops.reshape(added, (-1, size))

    def call(self, logits: Any, boost: Any, concept_ids: Any) -> Any:
        images, concepts = ops.shape(concept_ids)[0], boost.shape[-1]
        vocabulary = ops.arange(logits.shape[-1], dtype="int32")
        is_word = ops.equal(vocabulary, ops.expand_dims(concept_ids, -1))
        added = ops.matmul(
            ops.reshape(boost, (images, -1, concepts)), ops.cast(is_word, boost.dtype)
        )
        return logits + ops.reshape(added, ops.shape(logits))

    def compute_output_spec(self, logits: Any, boost: Any, concept_ids: Any) -> Any:
        return keras.KerasTensor(logits.shape, logits.dtype)
