"""The captioning task: from images to captions."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import keras

from keras_imgdesc.caption import Caption
from keras_imgdesc.captioning.caption_generator import CaptionGenerator
from keras_imgdesc.captioning.caption_preprocessor import CaptionPreprocessor
from keras_imgdesc.captioning.caption_scorer import CaptionScorer
from keras_imgdesc.captioning.captioner_graph import CaptionerGraph, check_parts
from keras_imgdesc.captioning.concept_finder import ConceptFinder
from keras_imgdesc.captioning.decoders import DECODERS
from keras_imgdesc.captioning.decoders.decoder import Decoder
from keras_imgdesc.captioning.search.constraint_words import constraints_of_words
from keras_imgdesc.captioning.search.decoding import check_at_least
from keras_imgdesc.captioning.search.reranking import Reranker
from keras_imgdesc.captioning.search.settings import (
    GenerationConfig,
    GenerationSettings,
)
from keras_imgdesc.captioning.training_data import batching, training_dataset
from keras_imgdesc.data.example_checks import refuse_strings
from keras_imgdesc.errors import ImageError, check_on_error, refuse_unknown_options
from keras_imgdesc.images.damage import check_on_damaged
from keras_imgdesc.images.inputs import (
    fitting_batch_size,
    is_single,
    iterate_images,
)
from keras_imgdesc.presets.task import Task
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.text.checks import is_one_text, list_texts
from keras_imgdesc.text.streamed_captions import StreamedCaptions
from keras_imgdesc.text.tokenizer import TokenizerSettings
from keras_imgdesc.vision import ENCODERS

# Chosen on the development images of Flickr8k; see the card of flickr8k_matcher.
RERANK_WEIGHT = 0.2


@keras.saving.register_keras_serializable("keras_imgdesc")
class ImageCaptioner(Task, CaptionerGraph):
    """Caption images.

    The functional Keras model is the training form: inputs `{"image": uint8 or float in
    [0, 255], (images, image_size, image_size, 3), "token_ids": int32 (captions,
    words)}`, outputs those of the `Decoder`. `generate`, `score` and `fit` take images
    and captions of any size: preprocessing is inside.

    Args:
        image_encoder: images to feature maps, one of `keras_imgdesc.vision` or any
            model with the attributes `image_size` and `feature_map_shape`.
        decoder: a `Decoder`, such as `LSTMDecoder`, built for this feature map and
            vocabulary. It can be trained alone on precomputed feature maps.
        tokenizer: words to token ids and back.
        generation: default settings of `generate`; None means beam search with 3 beams,
            length penalty 0.8 and the tokenizer's length.
        name: name of the Keras model.

    Raises:
        InputError: the parts do not fit together, or an option is unknown.

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
    SETTINGS: ClassVar[dict[str, Any]] = {
        "tokenizer": TokenizerSettings,
        "generation": GenerationConfig,
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
        prefix: str | None = None,
        require: Iterable[str] | None = None,
        avoid: Iterable[str] | None = None,
        use_concepts: bool | None = None,
        return_details: bool = False,
        return_attention: bool = False,
        rerank: Any = None,
        rerank_weight: float = RERANK_WEIGHT,
        batch_size: int = 32,
        on_error: str = "raise",
        on_damaged: str = "warn",
    ) -> Any:
        """Caption one image or several.

        Args:
            inputs: path, bytes of a file, file object, Pillow image, or uint8 array or
                tensor (height, width, 3); list of those; array or tensor of images or
                of paths; or `tf.data.Dataset` of images, batches of images or paths,
                alone or as entry `"image"` of a dict. See `load_image`.
            num_beams, length_penalty, max_length: see `GenerationSettings`; None means
                the captioner's default.
            temperature, top_k, top_p, seed: see `GenerationSettings`. If any is set,
                captions are sampled instead of searched. A sampled caption is a
                function of the seed and of the image's index in `inputs`.
            prefix, require, avoid: words that captions begin with, contain and lack,
                see `GenerationSettings`. `log_prob` stays log P(caption | image), that
                of `score`.
            use_concepts: whether a decoder that is guided by concepts sees them; None
                means the captioner's default, True.
            return_details: whether to return a `Caption` with log-probabilities instead
                of its text.
            return_attention: whether to return a `Caption` with attention maps too.
            rerank: `ImageTextMatcher` that chooses among the beams of the search; see
                `Reranker`.
            rerank_weight: weight of the matcher's log P(D|I), 0 or more.
            batch_size: images captioned at a time.
            on_error: `"raise"` the ImageError of an image that cannot be read, or
                `"return"` it in place of the caption.
            on_damaged: `"warn"` of an image some of whose data are missing, or
                `"refuse"` it; see `load_image`.

        Returns:
            A caption for one image, a list of captions for several.

        Raises:
            ImageError: an image cannot be read.
            InputError: a setting is out of range, or words cannot be obeyed.

        Warns:
            DamagedImageWarning: data of an image are missing; its `Caption` is
                `damaged`.
        """
        check_on_error(on_error)
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
            prefix=prefix,
            require=require,
            avoid=avoid,
            use_concepts=use_concepts,
            return_attention=return_attention,
            rerank=rerank,
            rerank_weight=rerank_weight,
            batch_size=fitting_batch_size(inputs, batch_size),
            on_damaged=on_damaged,
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
        on_damaged: str = "warn",
        **settings: Any,
    ) -> Iterator[tuple[Any, Caption | ImageError]]:
        """Caption any number of images, in order and in bounded memory.

        The next batch is read while one is captioned.

        Args:
            sources: images, as `generate` takes them; may be endless.
            return_attention, rerank, rerank_weight, batch_size, on_damaged: as in
                `generate`.
            **settings: fields of `GenerationSettings`; None means the captioner's
                default.

        Yields:
            Each source with its `Caption`, or with the `ImageError` of an image that
            cannot be read.

        Raises:
            InputError: a setting is out of range, or words cannot be obeyed.
        """
        check_at_least(1, batch_size=batch_size)
        check_on_damaged(on_damaged)
        chosen = self.generation.changed(**settings)
        reranker = None if rerank is None else Reranker(rerank, rerank_weight)
        constraints = constraints_of_words(
            self.vocabulary, chosen, self.tokenizer.split
        )
        return self._generator.stream(
            sources,
            chosen,
            return_attention,
            batch_size,
            reranker,
            constraints,
            on_damaged,
        )

    def detect_concepts(
        self, inputs: Any, *, batch_size: int = 32, on_error: str = "raise"
    ) -> Any:
        """Return the nouns that guide the captions, with their probabilities.

        Args:
            inputs, batch_size, on_error: as in `generate`.

        Returns:
            A list of `Prediction`s for one image, the most probable first and none
            below the detector's threshold; a list of such lists for several.

        Raises:
            ImageError: an image cannot be read.
            InputError: the decoder is not guided by concepts, or a setting is out of
                range.
        """
        check_on_error(on_error)
        check_at_least(1, batch_size=batch_size)
        stream = self._concept_finder.stream(iterate_images(inputs), batch_size)
        results: list[Any] = []
        for _, concepts in stream:
            if isinstance(concepts, ImageError) and on_error == "raise":
                raise concepts
            results.append(concepts)
        return results[0] if is_single(inputs) else results

    def score(
        self,
        images: Any,
        captions: str | list[str],
        *,
        return_attention: bool = False,
        batch_size: int = 32,
        on_damaged: str = "warn",
    ) -> Any:
        """Compute log P(caption | image), per token and in total.

        A word outside the vocabulary is scored as the unknown word, and is `[UNK]` in
        the text of the result. Captions are not truncated.

        Args:
            images: images, as `generate` takes them.
            captions: one caption per image, or several captions of one image.
            return_attention: whether captions have attention maps.
            batch_size: captions scored at a time.
            on_damaged: as in `generate`.

        Returns:
            A `Caption` if `captions` is a string, else a list of them.

        Raises:
            ImageError: an image cannot be read.
            InputError: there are several images, but not as many captions, a caption
                has words but no known one, or `batch_size` is below 1.

        Warns:
            UnknownWordsWarning: a caption has unknown words beside known ones.
            DamagedImageWarning: data of an image are missing; its `Caption` is
                `damaged`.
        """
        check_at_least(1, batch_size=batch_size)
        check_on_damaged(on_damaged)
        several = list_texts(captions)
        batch_size = fitting_batch_size(several, batch_size)
        scored = self._scorer.score(
            list(iterate_images(images)),
            several,
            return_attention,
            batch_size,
            on_damaged,
        )
        return scored[0] if is_one_text(captions) else scored

    @functools.cached_property
    def _generator(self) -> CaptionGenerator:
        return CaptionGenerator(self)

    @functools.cached_property
    def _scorer(self) -> CaptionScorer:
        return CaptionScorer(self)

    @functools.cached_property
    def _concept_finder(self) -> ConceptFinder:
        return ConceptFinder(self)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        *,
        batch_size: int = 32,
        validation_data: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Train the captioner; see `keras.Model.fit`.

        Args:
            x: dict of `"image"` (images as `generate` takes them) and `"caption"`
                (strings), or a
                `tf.data.Dataset` of such dicts, batched or not, see
                `CaptionPreprocessor`; or batches of `(inputs, token_ids,
                sample_weight)`, see `CaptioningModel`.
            y: words to predict, or None if `x` has captions.
            batch_size: captions per batch, unless `x` is batched.
            validation_data: data in the same forms as `x`.
            **kwargs: other arguments of `keras.Model.fit`.

        Raises:
            ImageError: an image cannot be read.
            InputError: an entry of the examples is missing, an example has no caption
                or several, captions are apart from their images, or no caption has a
                known word. The captions of a dataset are counted in its first epoch,
                and checked at the end of it.
        """
        refuse_strings(y, "caption")
        streamed = StreamedCaptions(self.tokenizer, "captioner")
        x = training_dataset(
            streamed.watch(x), self.preprocessor, batch_size, shuffle=True
        )
        validation_data = training_dataset(
            validation_data, self.preprocessor, batch_size
        )
        kwargs = streamed.add_to(kwargs | batching(x, batch_size))
        return super().fit(x, y, validation_data=validation_data, **kwargs)

    def evaluate(
        self, x: Any = None, y: Any = None, *, batch_size: int = 32, **kwargs: Any
    ) -> Any:
        """Compute loss and metrics, as `keras.Model.evaluate`; see `fit` for `x`."""
        refuse_strings(y, "caption")
        streamed = StreamedCaptions(self.tokenizer, "captioner")
        x = training_dataset(streamed.watch(x), self.preprocessor, batch_size)
        kwargs = streamed.add_to(kwargs | batching(x, batch_size))
        return super().evaluate(x, y, **kwargs)

    def with_words(self, words: Sequence[str], **decoder_options: Any) -> Self:
        """Return a captioner that also knows further words, to be trained on them.

        It shares this one's image encoder and has a copy of its decoder; see
        `Decoder.with_vocabulary_size`.

        Args:
            words: standardized words that the vocabulary lacks.
            **decoder_options: changed arguments of the decoder that no weight depends
                on.

        Raises:
            InputError: a word is unsuitable, or in the vocabulary already.
        """
        vocabulary = self.vocabulary.extended(words)
        return type(self)(
            self.image_encoder,
            self.decoder.with_vocabulary_size(len(vocabulary), **decoder_options),
            CaptionTokenizer(vocabulary, **self.tokenizer.settings),
            self.generation,
            self.name,
        )

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
            "tokenizer": self.tokenizer.settings,
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
