"""Word vectors, shared between reading and predicting words."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_imgdesc.text.vocabulary import SPECIAL_TOKENS


@keras.saving.register_keras_serializable("keras_imgdesc")
class WordEmbedding(keras.layers.Layer):
    """Convert token ids to vectors, and vectors to logits over the vocabulary.

    Args:
        vocabulary_size: number of token ids.
        embedding_dim: width of a vector.
        tie_embeddings: whether both directions use one matrix.

    Call arguments:
        inputs: token ids, int (...), or vectors (..., embedding_dim) if `reverse`.
        reverse: whether to predict words.
        training: whether the logits may be computed in the compute dtype of the policy
            under which the layer was built.

    Returns:
        Vectors (..., embedding_dim), or float32 logits (..., vocabulary_size).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.word_embedding import WordEmbedding
    >>> words = WordEmbedding(vocabulary_size=12, embedding_dim=4)
    >>> vectors = words(np.array([[2, 5, 3]]))
    >>> tuple(vectors.shape), tuple(words(vectors, reverse=True).shape)
    ((1, 3, 4), (1, 3, 12))

    Reference:
        Press, Wolf, "Using the Output Embedding to Improve Language Models",
        https://arxiv.org/abs/1608.05859
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_dim: int,
        tie_embeddings: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.tie_embeddings = tie_embeddings
        # The layer itself is float32, whatever the policy of the decoder.
        self.training_dtype = keras.config.dtype_policy().compute_dtype

    def build(self, input_shape: Any = None) -> None:
        # Small, as an output matrix should be; vectors that are read are scaled up.
        initializer = keras.initializers.RandomNormal(stddev=self.embedding_dim**-0.5)
        shape = (self.vocabulary_size, self.embedding_dim)
        self.embeddings = self.add_weight(
            shape=shape, initializer=initializer, name="embeddings"
        )
        self.output_embeddings = self.embeddings
        if not self.tie_embeddings:
            self.output_embeddings = self.add_weight(
                shape=shape, initializer=initializer, name="output_embeddings"
            )
        self.output_bias = self.add_weight(
            shape=(self.vocabulary_size,), initializer="zeros", name="output_bias"
        )

    def call(self, inputs: Any, reverse: bool = False, training: bool = False) -> Any:
        if not reverse:
            vectors = ops.take(self.embeddings, inputs, axis=0)
            return vectors * (self.embedding_dim**0.5)
        # float32, because bfloat16 logits make ties between the likeliest words; in
        # training these do not matter, and this product takes most of the time.
        dtype = self.training_dtype if training else "float32"
        kernel = ops.transpose(ops.cast(self.output_embeddings, dtype))
        logits = ops.cast(ops.matmul(ops.cast(inputs, dtype), kernel), "float32")
        return logits + ops.cast(self.output_bias, "float32")

    def take_over(self, smaller: WordEmbedding) -> None:
        """Take the weights of an embedding whose ids are the first ones of this.

        Its rows are kept exactly. A new word gets the mean vector and the mean bias of
        the known words. So with n new words beside w known ones, no probability falls
        below w / (w + n) of what it was.

        Args:
            smaller: embedding of a smaller vocabulary, otherwise alike.

        Reference:
            Hewitt, "Initializing New Word Embeddings for Pretrained Language Models",
            https://nlp.stanford.edu/~johnhew/vocab-expansion.html
        """
        for new, old in zip(self.weights, smaller.weights, strict=True):
            rows = ops.convert_to_numpy(old)
            mean = rows[len(SPECIAL_TOKENS) :].mean(axis=0, keepdims=True)
            added = np.repeat(mean, new.shape[0] - len(rows), axis=0)
            new.assign(np.concatenate([rows, added]))

    def compute_output_spec(
        self, inputs: Any, reverse: bool = False, training: bool = False
    ) -> Any:
        if reverse:
            shape = (*inputs.shape[:-1], self.vocabulary_size)
            return keras.KerasTensor(shape, "float32")
        return keras.KerasTensor(
            (*inputs.shape, self.embedding_dim), self.compute_dtype
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "vocabulary_size": self.vocabulary_size,
            "embedding_dim": self.embedding_dim,
            "tie_embeddings": self.tie_embeddings,
        }
