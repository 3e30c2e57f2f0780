"""The base of all caption decoders."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

from keras import ops

from keras_imgdesc.captioning.captioning_model import CaptioningModel
from keras_imgdesc.captioning.concepts.concept_detector import ConceptDetector
from keras_imgdesc.captioning.decoders.concept_guide import ConceptGuide
from keras_imgdesc.captioning.decoders.word_embedding import WordEmbedding
from keras_imgdesc.errors import InputError


class Decoder(CaptioningModel):
    """Predict the next word of a caption from a feature map and the words before it.

    A decoder has two forms that share all weights and compute the same probabilities.

    The training form is the functional Keras model itself. Inputs: `{"feature_map":
    float (images, rows, columns, channels), "token_ids": int32 (captions, words)}`.
    Outputs: `{"logits": float32 (captions, words, vocabulary_size), "attention":
    float32 (captions, words, rows * columns)}`. The logits at a word depend on that
    word and those before it. There may be k times as many captions as images; then the
    first k captions belong to the first image, and so on.

    The step form, `begin` and `step`, predicts one word at a time. Beam search,
    sampling, SavedModel and TFLite know a decoder only through it. Its `memory` and
    `state` are dicts of named tensors with disjoint names; the names become inputs and
    outputs of the exported step, which prefixes the new state with `next_`.

    A subclass takes `vocabulary_size` and `feature_map_shape` as its first two
    arguments, is registered with Keras for serialization, and has one entry in
    `keras_imgdesc.captioning.decoders.DECODERS`.

    Attributes:
        vocabulary_size: number of token ids.
        feature_map_shape: `(rows, columns, channels)` of the feature map.
        max_length: number of tokens that it can read, start token included; None means
            any number.
        guide: the concepts that guide the decoder, or None.
    """

    guide: ConceptGuide | None = None
    vocabulary_size: int
    feature_map_shape: tuple[int, int, int]
    max_length: int | None = None

    @abstractmethod
    def begin(
        self, feature_map: Any, concepts: tuple[Any, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Prepare images for decoding, before the first word.

        Args:
            feature_map: float (batch, rows, columns, channels).
            concepts: token ids, int32 (batch, concepts), and probabilities, float32
                (batch, concepts), in place of those that the decoder would detect; for
                decoders guided by concepts.

        Returns:
            `memory`, tensors (batch, ...) that stay the same for all words, and
            `state`, tensors (batch, ...) before the first word.
        """

    @abstractmethod
    def step(
        self, token_ids: Any, memory: dict[str, Any], state: dict[str, Any]
    ) -> tuple[Any, Any, dict[str, Any]]:
        """Predict one word per image, or one per beam of each image.

        Args:
            token_ids: previous words, int (batch,) or (batch, beams).
            memory: from `begin`; the beams of an image share it, without copies.
            state: from `begin` or the previous step, tensors (batch, ...) or (batch,
                beams, ...).

        Returns:
            Log-probabilities of the next word, float32 (batch, vocabulary_size) or
            (batch, beams, vocabulary_size); attention, float32 (batch, locations) or
            (batch, beams, locations); and the new state, of the same names, shapes and
            dtypes as `state`.
        """

    def unpaired_model(self) -> CaptioningModel:
        """Return a model that trains the decoder on captions without images.

        It shares all layers. Inputs: `{"concept_ids": int32 (captions, concepts),
        "concept_weights": float (captions, concepts), "token_ids": int32 (captions,
        words)}`, concepts that stand for what a classifier would see; the image is
        blank.

        Raises:
            InputError: the decoder is not guided by concepts.

        Reference:
            Feng et al., "Unsupervised Image Captioning",
            https://arxiv.org/abs/1811.10787
        """
        raise InputError(
            "Only a decoder that is guided by concepts learns from captions alone",
            "Build the decoder with concepts, or train it on images with captions",
            decoder=type(self).__name__,
        )

    @property
    def concept_detector(self) -> ConceptDetector:
        """What finds the concepts.

        Raises:
            InputError: the decoder is not guided by concepts.
        """
        if self.guide is None:
            raise InputError(
                "Only a decoder that is guided by concepts sees them",
                "Build the decoder with concepts",
                decoder=type(self).__name__,
            )
        return self.guide.detector

    def with_vocabulary_size(self, vocabulary_size: int, **options: Any) -> Self:
        """Return a copy of this decoder for a larger vocabulary.

        All weights are copied; those of the new words are set by
        `WordEmbedding.take_over`.

        Args:
            vocabulary_size: number of token ids; the first ones keep their meaning.
            **options: changed arguments of the constructor that no weight depends on,
                such as the nouns in `concepts`.

        Raises:
            InputError: the vocabulary is smaller, or a weight outside a `WordEmbedding`
                depends on its size.
        """
        if vocabulary_size < self.vocabulary_size:
            raise InputError(
                "A vocabulary can only grow",
                f"Use at least {self.vocabulary_size} tokens",
                vocabulary_size=vocabulary_size,
            )
        sizes = {"vocabulary_size": vocabulary_size}
        grown = type(self).from_config(self.get_config() | sizes | options)
        embeddings = list(zip(_embeddings(self), _embeddings(grown), strict=True))
        of_words = {id(weight) for old, _ in embeddings for weight in old.weights}
        for old, new in zip(self.weights, grown.weights, strict=True):
            if id(old) in of_words:
                continue
            if old.shape != new.shape:
                raise InputError(
                    "Only a WordEmbedding may have weights of the vocabulary's size",
                    "Read and predict words through one WordEmbedding",
                    decoder=type(self).__name__,
                    weight=old.path,
                )
            new.assign(old)
        for smaller, larger in embeddings:
            larger.take_over(smaller)
        return grown

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)


def _embeddings(decoder: Decoder) -> list[WordEmbedding]:
    layers = decoder._flatten_layers()
    return [layer for layer in layers if isinstance(layer, WordEmbedding)]


def log_softmax(logits: Any) -> Any:
    """Return log-probabilities over the last axis, in a form that is fast in TFLite.

    Args:
        logits: float32 (..., vocabulary_size).
    """
    # `ops.log_softmax` becomes a LiteRT kernel that takes longer than the product that
    # makes the logits. In this order the converter does not recognize it.
    largest = ops.max(logits, axis=-1, keepdims=True)
    total = ops.sum(ops.exp(logits - largest), axis=-1, keepdims=True)
    return logits - (ops.log(total) + largest)
