"""The Transformer decoder."""

from __future__ import annotations

from typing import Annotated, Any

import keras
import numpy as np
from keras import ops

from keras_imgdesc.captioning.concepts.concept_detector import ConceptConfig
from keras_imgdesc.captioning.decoders.attention_decoder import AttentionDecoder
from keras_imgdesc.captioning.decoders.caption_positions import CaptionPositions
from keras_imgdesc.captioning.decoders.checks import check_heads, check_sizes
from keras_imgdesc.captioning.decoders.feature_memory import FeatureMemory
from keras_imgdesc.captioning.decoders.transformer_decoder_block import (
    TransformerDecoderBlock,
)
from keras_imgdesc.errors import refuse_unknown_options
from keras_imgdesc.json_files import Bounds
from keras_imgdesc.sizes import NumLayers, VocabularySize


@keras.saving.register_keras_serializable("keras_imgdesc")
class TransformerDecoder(AttentionDecoder):
    """Decode captions with a Transformer that attends to words and locations.

    Inputs, outputs and the step form are those of `Decoder`. The attention is averaged
    over the heads and over the layers; it sums to 1.

    Every layer has keys and values of its own, all from one projection of the feature
    map; captions that share a feature map share them. The state holds keys and values
    of the words so far, per layer, with room for `max_length` words, and `"position"`,
    the number of those words, int32 (batch,).

    Args:
        vocabulary_size: number of token ids.
        feature_map_shape: `(rows, columns, channels)`, the encoder's attribute.
        embedding_dim: width of word vectors.
        hidden_dim: width of all layers, a multiple of `num_heads`.
        num_heads: number of attention heads, on words and on locations.
        num_layers: number of `TransformerDecoderBlock`s.
        max_length: length of the longest caption in tokens, start token included.
        dropout: dropout rate of word vectors, branches and outputs, in [0, 1).
        feature_dropout: dropout rate of the feature map's channels, in [0, 1).
        feature_dim: width of each layer's keys and values computed from the feature
            map, a multiple of `num_heads`.
        feed_forward_dim: hidden width of each layer's feed-forward network; None means
            twice `hidden_dim`.
        tie_embeddings: whether words read and words predicted share one matrix.
        concepts: arguments of a `ConceptDetector`, to guide the decoder by the nouns
            that a classifier sees (see `ConceptGuide`); None is no guide.
        concept_dim: width of the attention to concepts.
        image_dropout: share of the images that are blank in training, in [0, 1); their
            concepts stay.
        name: name of the Keras model.

    Raises:
        InputError: a size is not positive, a dropout rate is outside [0, 1),
            `num_heads` does not divide `hidden_dim` and `feature_dim`, `concepts` do
            not fit the vocabulary, or an option is unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning import TransformerDecoder
    >>> decoder = TransformerDecoder(12, (4, 4, 8), embedding_dim=16, hidden_dim=16,
    ...     num_heads=2, num_layers=1, max_length=6, feature_dim=16)
    >>> memory, state = decoder.begin(np.ones((2, 4, 4, 8), "float32"))
    >>> log_probs, attention, state = decoder.step(np.array([2, 2]), memory, state)
    >>> tuple(log_probs.shape), tuple(attention.shape), np.asarray(state["position"])
    ((2, 12), (2, 16), array([1, 1], dtype=int32))

    Reference:
        Vaswani et al., "Attention Is All You Need", https://arxiv.org/abs/1706.03762;
        for captions: Sharma et al., "Conceptual Captions",
        https://aclanthology.org/P18-1238
    """

    def __init__(
        self,
        vocabulary_size: VocabularySize,
        feature_map_shape: tuple[int, int, int],
        embedding_dim: int = 512,
        hidden_dim: Annotated[int, Bounds(1, 4096)] = 512,
        num_heads: int = 8,
        num_layers: NumLayers = 2,
        max_length: Annotated[int, Bounds(1, 256)] = 32,
        dropout: float = 0.3,
        feature_dropout: float = 0.0,
        feature_dim: int = 512,
        feed_forward_dim: int | None = None,
        tie_embeddings: bool = True,
        concepts: Annotated[dict[str, Any], ConceptConfig] | None = None,
        concept_dim: int = 128,
        image_dropout: float = 0.0,
        name: str = "transformer_decoder",
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
        inner = 2 * hidden_dim if feed_forward_dim is None else feed_forward_dim
        check_sizes(
            num_layers=num_layers, max_length=max_length, feed_forward_dim=inner
        )
        check_heads(num_heads, hidden_dim=hidden_dim)
        self.num_layers = num_layers
        self.max_length = max_length
        self.feed_forward_dim = feed_forward_dim

        # === Layers ===
        # One product for all layers.
        self.feature_memory = FeatureMemory(
            num_layers * feature_dim,
            num_layers * num_heads,
            feature_dropout,
            name="feature_memory",
        )
        self._add_word_layers()
        self.word_projection = keras.layers.Dense(hidden_dim, name="word_projection")
        self.positions = CaptionPositions(max_length, name="positions")
        self.blocks = [
            TransformerDecoderBlock(
                num_heads, feature_dim, inner, dropout, name=f"block_{index}"
            )
            for index in range(num_layers)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-5, name="norm")
        self._add_output_layers()

        # === Functional Model ===
        super().__init__(name)

    @property
    def summary_dim(self) -> int:
        return self.hidden_dim

    def _begin(
        self, feature_map: Any, summary: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        keys, values, _ = self.feature_memory(feature_map)
        memory = {
            f"{name}_{index}": part
            for name, parts in (("keys", keys), ("values", values))
            for index, part in enumerate(ops.split(parts, self.num_layers, axis=1))
        }
        if summary is not None:
            memory["summary"] = summary
        blank = ops.zeros_like(keys[:, :1, :1, :1])
        heads, head_dim = self.num_heads, self.hidden_dim // self.num_heads
        state = {"position": ops.cast(blank[:, 0, 0, 0], "int32")}
        for index in range(self.num_layers):
            for name, slots in (
                ("past_keys", (head_dim, self.max_length)),
                ("past_values", (self.max_length, head_dim)),
            ):
                zeros = np.zeros((1, heads, *slots), np.float32)
                state[f"{name}_{index}"] = blank + ops.cast(zeros, blank.dtype)
        return memory, state

    def _read(
        self, token_ids: Any, memory: dict[str, Any], state: dict[str, Any]
    ) -> tuple[list[Any], Any]:
        words = self.word_dropout(self.word_embedding(token_ids))
        words = self.word_projection(words)
        if "summary" in memory:
            words = words + self.per_caption(memory["summary"], token_ids)[:, None]
        x, maps = self.positions(words), []
        for index, block in enumerate(self.blocks):
            x, attention = block(x, memory[f"keys_{index}"], memory[f"values_{index}"])
            maps.append(attention)
        return [self.norm(x)], sum(maps) / self.num_layers

    def _advance(
        self, token_ids: Any, beams: int, memory: dict[str, Any], state: dict[str, Any]
    ) -> tuple[list[Any], Any, dict[str, Any]]:
        position = state["position"]
        words = self.word_projection(self.word_embedding(token_ids))
        if "summary" in memory:
            words = ops.reshape(words, (-1, beams, self.hidden_dim))
            words = words + memory["summary"][:, None]
            words = ops.reshape(words, (-1, self.hidden_dim))
        x, maps = self.positions.at(words, position), []
        following = {"position": position + 1}
        for index, block in enumerate(self.blocks):
            x, attention, past = block.advance(
                x,
                beams,
                (memory[f"keys_{index}"], memory[f"values_{index}"]),
                (state[f"past_keys_{index}"], state[f"past_values_{index}"]),
                position,
            )
            maps.append(attention)
            following[f"past_keys_{index}"], following[f"past_values_{index}"] = past
        known = ops.reshape(self.norm(x), (-1, beams, self.hidden_dim))
        return [known], sum(maps) / self.num_layers, following

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "num_layers": self.num_layers,
            "max_length": self.max_length,
            "feed_forward_dim": self.feed_forward_dim,
        }
