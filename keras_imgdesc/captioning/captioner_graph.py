"""The captioner's computation on tensors, which is compiled and exported."""

from __future__ import annotations

from typing import Any

import keras

from keras_imgdesc.captioning.captioning_model import CaptioningModel
from keras_imgdesc.captioning.decoders.decoder import Decoder
from keras_imgdesc.captioning.search.beam_search import beam_search
from keras_imgdesc.captioning.search.constraints import Constraints
from keras_imgdesc.captioning.search.decoding import SearchResult, Tokens
from keras_imgdesc.captioning.search.sampling import sample
from keras_imgdesc.errors import InputError
from keras_imgdesc.text import CaptionTokenizer


class CaptionerGraph(CaptioningModel):
    """Caption a batch of images in tensor operations only, from pixels to token ids.

    Attributes:
        image_encoder: images to feature maps.
        decoder: feature maps to words.
        tokenizer: words to token ids and back.
    """

    image_encoder: keras.Model
    decoder: Decoder
    tokenizer: CaptionTokenizer

    def find_captions(
        self,
        image: Any,
        *,
        num_beams: int,
        max_length: int,
        length_penalty: Any,
        return_attention: bool = False,
        early_exit: bool = True,
        constraints: Constraints | None = None,
        use_concepts: bool = True,
    ) -> SearchResult:
        """Find the captions of images by beam search.

        Args:
            image: uint8 or float in [0, 255], (batch, image_size, image_size, 3).
            num_beams, max_length, length_penalty, early_exit, constraints: see
                `beam_search`.
            return_attention: whether the result has attention.
            use_concepts: whether a guided decoder sees the concepts of the images.

        Returns:
            A `SearchResult` with `num_beams` captions per image.
        """
        check_length(self.decoder, max_length)
        memory, state = self.begin(image, use_concepts)
        return beam_search(
            self.decoder.step,
            memory,
            state,
            tokens=self.special_tokens,
            num_beams=num_beams,
            max_length=max_length,
            length_penalty=length_penalty,
            num_locations=self._num_locations if return_attention else None,
            early_exit=early_exit,
            constraints=constraints,
        )

    def draw_captions(
        self,
        image: Any,
        noise: Any,
        *,
        temperature: Any = 1.0,
        top_k: Any = 0,
        top_p: Any = 1.0,
        return_attention: bool = False,
        constraints: Constraints | None = None,
        use_concepts: bool = True,
    ) -> SearchResult:
        """Sample captions of images; see `find_captions` and `sample`."""
        check_length(self.decoder, noise.shape[-1])
        memory, state = self.begin(image, use_concepts)
        return sample(
            self.decoder.step,
            memory,
            state,
            tokens=self.special_tokens,
            noise=noise,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            num_locations=self._num_locations if return_attention else None,
            constraints=constraints,
        )

    def begin(self, image: Any, use_concepts: bool = True) -> tuple[Any, Any]:
        """Return the decoder's memory and state before the first word.

        Args:
            image: uint8 or float in [0, 255], (batch, image_size, image_size, 3).
            use_concepts: whether a guided decoder sees the concepts of the images.
        """
        feature_map = self.image_encoder(image, training=False)
        if use_concepts or self.decoder.guide is None:
            return self.decoder.begin(feature_map)
        token_ids, weights = self.decoder.concept_detector(feature_map)
        return self.decoder.begin(feature_map, (token_ids, 0.0 * weights))

    def find_concepts(self, image: Any) -> tuple[Any, Any]:
        """Return the concepts of images; see `ConceptDetector`."""
        feature_map = self.image_encoder(image, training=False)
        found: tuple[Any, Any] = self.decoder.concept_detector(feature_map)
        return found

    @property
    def special_tokens(self) -> Tokens:
        """Size and special tokens of the vocabulary, as decoding takes them."""
        v = self.tokenizer.vocabulary
        return Tokens(len(v), v.pad_id, v.unk_id, v.start_id, v.end_id)

    @property
    def feature_model(self) -> Decoder:
        """The decoder, as the model to train on precomputed feature maps."""
        return self.decoder

    @property
    def _num_locations(self) -> int:
        rows, columns, _ = self.decoder.feature_map_shape
        return rows * columns


def check_parts(
    image_encoder: Any, decoder: Decoder, tokenizer: CaptionTokenizer
) -> None:
    """Refuse parts that do not fit together.

    Raises:
        InputError: feature map or vocabulary of the decoder differ, or the decoder
            cannot read captions as long as the tokenizer's.
    """
    if tuple(image_encoder.feature_map_shape) != tuple(decoder.feature_map_shape):
        raise InputError(
            "The decoder must be built for the image encoder's feature map",
            "Build it with feature_map_shape=image_encoder.feature_map_shape",
            image_encoder=tuple(image_encoder.feature_map_shape),
            decoder=tuple(decoder.feature_map_shape),
        )
    if len(tokenizer.vocabulary) != decoder.vocabulary_size:
        raise InputError(
            "The decoder must be built for the tokenizer's vocabulary",
            "Build it with vocabulary_size=len(tokenizer.vocabulary)",
            tokenizer=len(tokenizer.vocabulary),
            decoder=decoder.vocabulary_size,
        )
    check_length(decoder, tokenizer.sequence_length - 1)


def check_length(decoder: Decoder, length: int) -> None:
    """Refuse captions that are longer than a decoder can read.

    Args:
        decoder: decoder of the captions.
        length: number of tokens read: all but the last.

    Raises:
        InputError: the captions are too long.
    """
    if decoder.max_length is not None and length > decoder.max_length:
        raise InputError(
            "The decoder reads captions of a limited length",
            f"Use at most {decoder.max_length} tokens, or build the decoder with a "
            "larger max_length",
            tokens=length,
            max_length=decoder.max_length,
        )


def joint_model(encoder: keras.Model, decoder: Decoder) -> CaptioningModel:
    """Join an encoder, or its trainable part, and a decoder into one model to train.

    Layers are shared, not copied.

    Args:
        encoder: a captioner's encoder, or the part of one that is trained.
        decoder: decoder for the encoder's feature map.

    Returns:
        A model with the inputs `{"image": (images, ...) as the encoder takes it,
        "token_ids": int32 (captions, words)}` and the decoder's outputs. Captions of
        one image follow each other.
    """
    image = keras.Input(encoder.input.shape[1:], name="image")
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    outputs = decoder({"feature_map": encoder(image), "token_ids": token_ids})
    return CaptioningModel({"image": image, "token_ids": token_ids}, outputs)
