"""The LSTM decoder with adaptive attention."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import keras
from keras import ops

from keras_imgdesc.captioning.concepts.concept_detector import ConceptConfig
from keras_imgdesc.captioning.decoders.recurrent_decoder import RecurrentDecoder
from keras_imgdesc.captioning.decoders.sentinel_lstm_cell import SentinelLSTMCell
from keras_imgdesc.errors import refuse_unknown_options
from keras_imgdesc.sizes import VocabularySize


@keras.saving.register_keras_serializable("keras_imgdesc")
class LSTMDecoder(RecurrentDecoder):
    """Decode captions with an LSTM and adaptive attention.

    Inputs, outputs and the step form are those of `Decoder`. The state is `{"hidden",
    "cell"}`, each (batch, hidden_dim).

    The LSTM reads the previous word and the mean of the image. Its output is the query
    of an attention over the locations and over the visual sentinel, which represents
    what the LSTM knows without the image. The attention does not feed back into the
    LSTM, so training runs the recurrent part first and then attends for all words at
    once. Captions that share a feature map save most of the work on large maps.

    Args:
        vocabulary_size: number of token ids.
        feature_map_shape: `(rows, columns, channels)`, the encoder's attribute.
        embedding_dim: width of word vectors.
        hidden_dim: width of the LSTM's state.
        num_heads: number of attention heads, a divisor of `feature_dim`.
        dropout: dropout rate of word vectors and outputs, in [0, 1).
        feature_dropout: dropout rate of the feature map's channels, in [0, 1).
        use_sentinel: whether to attend to the sentinel too. With it, the attention on
            the locations sums to less than 1; without it, to 1.
        feature_dim: width of the keys and values computed from the feature map.
        tie_embeddings: whether words read and words predicted share one matrix.
        concepts: arguments of a `ConceptDetector`, to guide the decoder by the nouns
            that a classifier sees (see `ConceptGuide`); None is no guide.
        concept_dim: width of the attention to concepts.
        image_dropout: share of the images that are blank in training, in [0, 1); their
            concepts stay.
        name: name of the Keras model.

    Raises:
        InputError: a size is not positive, a dropout rate is outside [0, 1),
            `num_heads` does not divide `feature_dim`, `concepts` do not fit the
            vocabulary, or an option is unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning import LSTMDecoder
    >>> decoder = LSTMDecoder(12, (4, 4, 8), embedding_dim=16, hidden_dim=16,
    ...     num_heads=2, feature_dim=16)
    >>> features = np.ones((2, 4, 4, 8), "float32")
    >>> outputs = decoder({"feature_map": features, "token_ids": np.ones((2, 5), int)})
    >>> tuple(outputs["logits"].shape), tuple(outputs["attention"].shape)
    ((2, 5, 12), (2, 5, 16))
    >>> memory, state = decoder.begin(features)
    >>> log_probs, attention, state = decoder.step(np.array([2, 2]), memory, state)
    >>> tuple(log_probs.shape), tuple(attention.shape)
    ((2, 12), (2, 16))

    Reference:
        Lu et al., "Knowing When to Look", https://arxiv.org/abs/1612.01887
    """

    STATES: ClassVar[tuple[str, ...]] = ("hidden", "cell")

    def __init__(
        self,
        vocabulary_size: VocabularySize,
        feature_map_shape: tuple[int, int, int],
        embedding_dim: int = 512,
        hidden_dim: int = 512,
        num_heads: int = 8,
        dropout: float = 0.3,
        feature_dropout: float = 0.0,
        use_sentinel: bool = True,
        feature_dim: int = 512,
        tie_embeddings: bool = True,
        concepts: Annotated[dict[str, Any], ConceptConfig] | None = None,
        concept_dim: int = 128,
        image_dropout: float = 0.0,
        name: str = "lstm_decoder",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        self._set_options(
            vocabulary_size,
            feature_map_shape,
            embedding_dim=embedding_dim,
            hidden_dim=hidden_dim,
            num_heads=num_heads,
            dropout=dropout,
            feature_dropout=feature_dropout,
            feature_dim=feature_dim,
            tie_embeddings=tie_embeddings,
            concepts=concepts,
            concept_dim=concept_dim,
            image_dropout=image_dropout,
        )
        self.use_sentinel = use_sentinel
        super().__init__(SentinelLSTMCell(hidden_dim, use_sentinel, name="cell"), name)

    def _queries(self, states: Any) -> tuple[Any, Any]:
        if not self.use_sentinel:
            return states, None
        hidden, sentinel = ops.split(states, 2, axis=-1)
        return hidden, sentinel

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"use_sentinel": self.use_sentinel}
