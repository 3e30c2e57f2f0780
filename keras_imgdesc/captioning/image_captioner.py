"""The task: an image in, words out."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

import keras

from keras_imgdesc.caption import Caption
from keras_imgdesc.captioning.caption_generator import CaptionGenerator
from keras_imgdesc.captioning.caption_preprocessor import CaptionPreprocessor
from keras_imgdesc.captioning.caption_scorer import CaptionScorer
from keras_imgdesc.captioning.captioner_graph import CaptionerGraph, check_parts
from keras_imgdesc.captioning.decoders import DECODERS
from keras_imgdesc.captioning.decoders.decoder import Decoder
from keras_imgdesc.captioning.search.decoding import check_at_least
from keras_imgdesc.captioning.search.reranking import Reranker
from keras_imgdesc.captioning.search.settings import GenerationSettings
from keras_imgdesc.captioning.training_data import batching, training_dataset
from keras_imgdesc.errors import ImageError, InputError, refuse_unknown_options
from keras_imgdesc.images.inputs import (
    fitting_batch_size,
    is_single,
    iterate_images,
)
from keras_imgdesc.presets.task import Task
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.vision import ENCODERS

# Chosen on the development pictures of Flickr8k; see the card of flickr8k_matcher.
RERANK_WEIGHT = 0.1


@keras.saving.register_keras_serializable("keras_imgdesc")
class ImageCaptioner(Task, CaptionerGraph):
    """Describes images.

    A functional Keras model, the training form: inputs `{"image": uint8 or float in
    [0, 255], (batch, image_size, image_size, 3), "token_ids": int32 (batch, words)}`,
    outputs those of the decoder. `generate`, `score` and `fit` take pictures and
    captions as they are: preprocessing is inside.

    Args:
        image_encoder: images to feature maps: one of `keras_imgdesc.vision`, or any
            model with the attributes `image_size` and `feature_map_shape`.
        decoder: a `Decoder`, such as `LSTMDecoder`, built for this feature map and
            vocabulary. It can be trained alone on precomputed feature maps.
        tokenizer: a `CaptionTokenizer`.
        generation: default settings of `generate`; None means beam search with 3
            beams, length penalty 0.8 and captions as long as the tokenizer's.
        name: of the Keras model.

    Raises:
        InputError: the parts do not fit together, or there is no such option.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc import CaptionTokenizer, ImageCaptioner, LSTMDecoder
    >>> from keras_imgdesc import VGG16Encoder, Vocabulary
    >>> encoder = VGG16Encoder(image_size=32, width=0.0625)
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "dog", "runs"]), 6)
    >>> decoder = LSTMDecoder(7, encoder.feature_map_shape, embedding_dim=16,
    ...     hidden_dim=16, num_heads=2, feature_dim=16)
    >>> captioner = ImageCaptioner(encoder, decoder, tokenizer)
    >>> photo = np.zeros((40, 60, 3), "uint8")
    >>> isinstance(captioner.generate(photo), str)
    True
    >>> captioner.score(photo, "A dog runs.").text
    'a dog runs'
    """

    PARTS: ClassVar[dict[str, tuple[type, ...]]] = {
        "image_encoder": tuple(ENCODERS.values()),
        "decoder": tuple(DECODERS.values()),
    }

    def __init__(
        self,
        image_encoder: keras.Model,
        decoder: Decoder,
        tokenizer: CaptionTokenizer,
        generation: GenerationSettings | None = None,
        name: str = "image_captioner",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        check_parts(image_encoder, decoder, tokenizer)

        # === Layers ===
        self.image_encoder = image_encoder
        self.decoder = decoder

        # === Functional Model ===
        size = image_encoder.image_size
        image = keras.Input((size, size, 3), name="image")
        token_ids = keras.Input((None,), dtype="int32", name="token_ids")
        outputs = decoder({"feature_map": image_encoder(image), "token_ids": token_ids})
        super().__init__(
            inputs={"image": image, "token_ids": token_ids}, outputs=outputs, name=name
        )

        # === Config ===
        self.tokenizer = tokenizer
        self.generation = generation or GenerationSettings(
            max_length=tokenizer.sequence_length - 1
        )
        self.preprocessor = CaptionPreprocessor(tokenizer, size)

    def generate(
        self,
        inputs: Any,
        *,
        num_beams: int | None = None,
        length_penalty: float | None = None,
        max_length: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        return_details: bool = False,
        return_attention: bool = False,
        rerank: Any = None,
        rerank_weight: float = RERANK_WEIGHT,
        batch_size: int = 32,
        on_error: str = "raise",
    ) -> Any:
        """Describes one picture or several.

        Args:
            inputs: a path, the bytes of a file, a Pillow image, a uint8 array
                (height, width, 3); a list of those; an array of images; or a
                `tf.data.Dataset` of images, batches of images or paths, alone or as
                `"image"` of a dict.
            num_beams, length_penalty, max_length: see `GenerationSettings`; None
                means the model's default.
            temperature, top_k, top_p, seed: given any of them, captions are drawn
                instead of searched. A draw depends on the seed and on the place of
                the picture in `inputs`.
            return_details: give a `Caption` with log-probabilities, not its text.
            return_attention: give a `Caption` that has attention maps too.
            rerank: an `ImageTextMatcher` that chooses among the beams of the search;
                see `Reranker`.
            rerank_weight: what its log P(D|I) counts.
            batch_size: pictures computed at a time.
            on_error: what becomes of a picture that cannot be read: `"raise"` the
                ImageError, or `"return"` it in the place of the caption.

        Returns:
            A caption for one picture, a list of captions for several.

        Raises:
            ImageError: a picture cannot be read.
            InputError: a setting is out of its range.
        """
        if on_error not in ("raise", "return"):
            raise InputError(
                "on_error must be 'raise' or 'return'", "Choose one", on_error=on_error
            )
        results: list[Any] = []
        stream = self.generate_stream(
            iterate_images(inputs),
            num_beams=num_beams,
            length_penalty=length_penalty,
            max_length=max_length,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
            return_attention=return_attention,
            rerank=rerank,
            rerank_weight=rerank_weight,
            batch_size=fitting_batch_size(inputs, batch_size),
        )
        for _, caption in stream:
            if isinstance(caption, ImageError) and on_error == "raise":
                raise caption
            is_plain = not (return_details or return_attention)
            if is_plain and isinstance(caption, Caption):
                results.append(caption.text)
            else:
                results.append(caption)
        return results[0] if is_single(inputs) else results

    def generate_stream(
        self,
        sources: Iterable[Any],
        *,
        return_attention: bool = False,
        rerank: Any = None,
        rerank_weight: float = RERANK_WEIGHT,
        batch_size: int = 32,
        **settings: Any,
    ) -> Iterator[tuple[Any, Caption | ImageError]]:
        """Describes any number of pictures, in order and in bounded memory.

        While one batch is computed, the next one is read.

        Args:
            sources: pictures, as `generate` takes them; may be endless.
            return_attention, rerank, rerank_weight, batch_size: as in `generate`.
            **settings: those of `GenerationSettings`; None means the default.

        Yields:
            Each source with its `Caption`, or with the `ImageError` that says why
            there is none.

        Raises:
            InputError: a setting is out of its range.
        """
        check_at_least(1, batch_size=batch_size)
        chosen = self.generation.changed(**settings)
        reranker = None if rerank is None else Reranker(rerank, rerank_weight)
        return self._generator.stream(
            sources, chosen, return_attention, batch_size, reranker
        )

    def score(
        self,
        images: Any,
        captions: str | list[str],
        *,
        return_attention: bool = False,
        batch_size: int = 32,
    ) -> Any:
        """Computes log P(caption | image), per token and in total.

        A word that is not in the vocabulary counts as the unknown word, and is
        `[UNK]` in the text of the result. Captions are not cut, however long.

        Args:
            images: as in `generate`.
            captions: one for each image, or several for a single one.
            return_attention: give the attention maps too.
            batch_size: captions computed at a time.

        Returns:
            A `Caption` for a single string, else a list of them.

        Raises:
            ImageError: a picture cannot be read.
            InputError: the numbers of images and captions do not fit.
        """
        several = [captions] if isinstance(captions, str) else list(captions)
        batch_size = fitting_batch_size(several, batch_size)
        scored = self._scorer.score(
            list(iterate_images(images)), several, return_attention, batch_size
        )
        return scored[0] if isinstance(captions, str) else scored

    @functools.cached_property
    def _generator(self) -> CaptionGenerator:
        return CaptionGenerator(self)

    @functools.cached_property
    def _scorer(self) -> CaptionScorer:
        return CaptionScorer(self)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        *,
        batch_size: int = 32,
        validation_data: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Trains the captioner, as `keras.Model.fit`.

        Args:
            x: pictures with captions: a dict of `"image"` (uint8) and `"caption"`
                (strings), or a `tf.data.Dataset` of such dicts, batched or not (see
                `CaptionPreprocessor`); or what the model takes as it is.
            y: None where `x` has the captions.
            batch_size: captions in a batch, where `x` is not batched.
            validation_data: of the same forms.
            **kwargs: the rest of `keras.Model.fit`.
        """
        x = training_dataset(x, self.preprocessor, batch_size, shuffle=True)
        validation_data = training_dataset(
            validation_data, self.preprocessor, batch_size
        )
        kwargs |= batching(x, batch_size)
        return super().fit(x, y, validation_data=validation_data, **kwargs)

    def evaluate(
        self, x: Any = None, y: Any = None, *, batch_size: int = 32, **kwargs: Any
    ) -> Any:
        """Computes loss and metrics, as `keras.Model.evaluate`; see `fit` for `x`."""
        x = training_dataset(x, self.preprocessor, batch_size)
        kwargs |= batching(x, batch_size)
        return super().evaluate(x, y, **kwargs)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of the tokenizer."""
        return self.tokenizer.vocabulary

    @property
    def description(self) -> str:
        """One line: the classes of the parts and their sizes."""
        return (
            f"{type(self.decoder).__name__} on {type(self.image_encoder).__name__} at "
            f"{self.image_encoder.image_size} px, {len(self.vocabulary)} tokens"
        )

    def preset_settings(self) -> dict[str, Any]:
        """Return what a preset keeps of the tokenizer and of `generation`."""
        return {
            "tokenizer": {"sequence_length": self.tokenizer.sequence_length},
            "generation": self.generation.get_config(),
        }

    @classmethod
    def from_parts(
        cls, parts: dict[str, Any], config: dict[str, Any], vocabulary_file: Path
    ) -> Self:
        """Build a captioner from what a preset holds; see `Task.from_parts`."""
        vocabulary = Vocabulary.load(vocabulary_file)
        return cls(
            **parts,
            tokenizer=CaptionTokenizer(vocabulary, **config["tokenizer"]),
            generation=GenerationSettings(**config["generation"]),
        )

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            **{name: serialize(part) for name, part in self.parts().items()},
            "tokenizer": serialize(self.tokenizer),
            "generation": self.generation.get_config(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        for part in (*cls.PARTS, "tokenizer"):
            config[part] = keras.saving.deserialize_keras_object(
                config[part], custom_objects=custom_objects
            )
        config["generation"] = GenerationSettings(**config["generation"])
        return cls(**config)
