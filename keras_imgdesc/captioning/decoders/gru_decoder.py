"""The GRU decoder with attention."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import keras

from keras_imgdesc.captioning.concepts.concept_detector import ConceptConfig
from keras_imgdesc.captioning.decoders.gru_cell import ProjectedGRUCell
from keras_imgdesc.captioning.decoders.recurrent_decoder import RecurrentDecoder
from keras_imgdesc.errors import refuse_unknown_options
from keras_imgdesc.sizes import VocabularySize


@keras.saving.register_keras_serializable("keras_imgdesc")
class GRUDecoder(RecurrentDecoder):
    """Decode captions with a GRU and attention: the plainest and smallest decoder.

    Inputs, outputs and the step form are those of `Decoder`. The state is `{"hidden"}`,
    (batch, hidden_dim).

    The GRU reads the previous word and the mean of the image. Its output is the query
    of an attention over the locations, which does not feed back into the GRU. This is
    the spatial attention of Lu et al., of which `LSTMDecoder` is the form with a
    visual sentinel, on another network.

    Args:
        vocabulary_size: number of token ids.
        feature_map_shape: `(rows, columns, channels)`, the encoder's attribute.
        embedding_dim: width of word vectors.
        hidden_dim: width of the GRU's state.
        num_heads: number of attention heads, a divisor of `feature_dim`.
        dropout: dropout rate of word vectors and outputs, in [0, 1).
        feature_dropout: dropout rate of the feature map's channels, in [0, 1).
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
    >>> from keras_imgdesc.captioning import GRUDecoder
    >>> decoder = GRUDecoder(12, (4, 4, 8), embedding_dim=16, hidden_dim=16,
    ...     num_heads=2, feature_dim=16)
    >>> memory, state = decoder.begin(np.ones((2, 4, 4, 8), "float32"))
    >>> log_probs, attention, state = decoder.step(np.array([2, 2]), memory, state)
    >>> tuple(log_probs.shape), tuple(attention.shape), sorted(state)
    ((2, 12), (2, 16), ['hidden'])

    Reference:
        Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (the
        GRU), https://arxiv.org/abs/1406.1078; Lu et al., "Knowing When to Look"
        (spatial attention), https://arxiv.org/abs/1612.01887
    """

    STATES: ClassVar[tuple[str, ...]] = ("hidden",)

    def __init__(
        self,
        vocabulary_size: VocabularySize,
        feature_map_shape: tuple[int, int, int],
        embedding_dim: int = 512,
        hidden_dim: int = 512,
        num_heads: int = 8,
        dropout: float = 0.3,
        feature_dropout: float = 0.0,
        feature_dim: int = 512,
        tie_embeddings: bool = True,
        concepts: Annotated[dict[str, Any], ConceptConfig] | None = None,
        concept_dim: int = 128,
        image_dropout: float = 0.0,
        name: str = "gru_decoder",
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
        super().__init__(ProjectedGRUCell(hidden_dim, name="cell"), name)
