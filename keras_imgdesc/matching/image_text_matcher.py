"""The matching task: f(I, D) for images and texts."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import keras
import numpy as np

from keras_imgdesc.data.example_checks import refuse_strings
from keras_imgdesc.embeddings import (
    ImageEmbeddings,
    MatchedTexts,
    WordMaps,
)
from keras_imgdesc.errors import ImageError, InputError, refuse_unknown_options
from keras_imgdesc.images import fitting_batch_size, is_single
from keras_imgdesc.images.damage import check_on_damaged
from keras_imgdesc.matching.image_tower import ImageTower
from keras_imgdesc.matching.matching_data import matching_dataset
from keras_imgdesc.matching.matching_functions import MatchingFunctions
from keras_imgdesc.matching.matching_graph import check_parts, matching_graph
from keras_imgdesc.matching.matching_model import MatchingModel
from keras_imgdesc.matching.pair_score import PairScore
from keras_imgdesc.matching.text_tower import TextTower
from keras_imgdesc.presets.task import Task
from keras_imgdesc.text import TEXT_ENCODERS, TextEncoder, TextReader
from keras_imgdesc.text.streamed_captions import StreamedCaptions
from keras_imgdesc.vision import ENCODERS


@keras.saving.register_keras_serializable("keras_imgdesc")
class ImageTextMatcher(TextReader, Task, MatchingModel):
    """Score how well images and texts match.

    The score is f(I, D). P(I|D) = exp f(I, D) / sum over I of exp f(I, D) ranks images
    for a text, and its counterpart P(D|I) ranks texts for an image.

    The functional Keras model is the training form: inputs `{"image": uint8 or float in
    [0, 255], (images, image_size, image_size, 3), "token_ids": int32 (texts, words)}`,
    outputs `{"scores": float32 (images, texts), "image_vector": float32 (images,
    embedding_dim), "text_vector": float32 (texts, embedding_dim)}`.

    Every method that takes images also takes `ImageEmbeddings`, and every method that
    takes texts also takes `MatchedTexts`, so that each is embedded only once.

    Args:
        image_encoder: images to feature maps, one of `keras_imgdesc.vision`.
        text_encoder: texts to vectors, a `TextEncoder`.
        image_tower: feature maps to the vectors that are compared.
        text_tower: text vectors to the vectors that are compared.
        pair_score: vectors to f(I, D). `ImageTextMatcher.build_parts` builds these
            three for the two encoders.
        name: name of the Keras model.

    Raises:
        InputError: the parts do not fit together, or an option is unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc import CaptionTokenizer, CompactTextEncoder
    >>> from keras_imgdesc import ImageTextMatcher, VGG16Encoder, Vocabulary
    >>> encoder = VGG16Encoder(image_size=32, width=0.0625)
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "bird", "dog"]), 6)
    >>> text_encoder = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)
    >>> matcher = ImageTextMatcher.build_parts(encoder, text_encoder, embedding_dim=8)
    >>> photos = np.zeros((3, 40, 60, 3), "uint8")
    >>> matcher.score(photos, ["a red bird", "a dog"]).shape
    (3, 2)
    >>> float(matcher.probabilities(photos, "a dog").sum().round(3))
    1.0
    """

    READER = "matcher"
    PARTS: ClassVar[dict[str, tuple[type, ...]]] = {
        "image_encoder": tuple(ENCODERS.values()),
        "text_encoder": tuple(TEXT_ENCODERS.values()),
        "image_tower": (ImageTower,),
        "text_tower": (TextTower,),
        "pair_score": (PairScore,),
    }

    def __init__(
        self,
        image_encoder: keras.Model,
        text_encoder: TextEncoder,
        image_tower: ImageTower,
        text_tower: TextTower,
        pair_score: PairScore,
        name: str = "image_text_matcher",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        check_parts(image_encoder, text_encoder, image_tower, text_tower)

        # Layers of a term that is off have no gradient.
        for layer, is_on in (
            (image_tower.get_layer("vector_projection"), pair_score.use_global),
            (text_tower.get_layer("vector_projection"), pair_score.use_global),
            (image_tower.get_layer("region_projection"), pair_score.use_local),
            (text_tower.get_layer("word_projection"), pair_score.use_local),
        ):
            layer.trainable = is_on

        # === Functional Model ===
        inputs, outputs = matching_graph(
            image_encoder, text_encoder, image_tower, text_tower, pair_score
        )
        super().__init__(inputs=inputs, outputs=outputs, name=name)

        # === Config ===
        self.image_encoder = image_encoder
        self.text_encoder = text_encoder
        self.image_tower = image_tower
        self.text_tower = text_tower
        self.pair_score = pair_score

    @classmethod
    def build_parts(
        cls,
        image_encoder: keras.Model,
        text_encoder: TextEncoder,
        *,
        embedding_dim: int = 256,
        num_layers: int = 1,
        num_heads: int = 4,
        dropout: float = 0.0,
        pool_size: int = 1,
        **scoring: Any,
    ) -> ImageTextMatcher:
        """Build a new matcher for two encoders.

        Args:
            image_encoder, text_encoder: encoders, trained or not.
            embedding_dim: width of the vectors that are compared.
            num_layers, num_heads, pool_size: arguments of `ImageTower`.
            dropout: dropout rate of both towers, in [0, 1).
            **scoring: arguments of `PairScore`.

        Raises:
            InputError: an argument is unknown or out of range.
        """
        return cls(
            image_encoder,
            text_encoder,
            ImageTower(
                image_encoder.feature_map_shape,
                embedding_dim,
                num_layers,
                num_heads,
                dropout,
                pool_size,
            ),
            TextTower(
                text_encoder.embedding_dim,
                text_encoder.sequence_length,
                embedding_dim,
                dropout,
            ),
            PairScore(**scoring),
        )

    @property
    def embedding_dim(self) -> int:
        """Width of the vectors that are compared."""
        return self.image_tower.embedding_dim

    @property
    def global_scale(self) -> float:
        """Factor of the cosine of image and text in f; 0 without a global term."""
        scale = self.pair_score.global_scale if self.pair_score.use_global else 0.0
        return float(scale)

    @property
    def use_local(self) -> bool:
        """Whether f has a local term."""
        return bool(self.pair_score.use_local)

    def fingerprint(self) -> str:
        """Return a digest of architecture and weights, 16 hexadecimal digits."""
        return self._functions.fingerprint()

    def embed_images(
        self, images: Any, *, batch_size: int = 32, on_damaged: str = "warn"
    ) -> ImageEmbeddings:
        """Embed images.

        Args:
            images: path, bytes, file object, Pillow image, or uint8 array or tensor,
                or several of them, as `ImageCaptioner.generate` takes them.
            batch_size: images embedded at a time.
            on_damaged: `"warn"` of an image some of whose data are missing, or
                `"refuse"` it; see `load_image`.

        Raises:
            ImageError: an image cannot be read.
            InputError: there is no image.

        Warns:
            DamagedImageWarning: data of an image are missing.
        """
        check_on_damaged(on_damaged)
        if isinstance(images, ImageEmbeddings):
            return images
        return self._functions.all_images(
            images, fitting_batch_size(images, batch_size), on_damaged
        )

    def embed_images_stream(
        self, sources: Iterable[Any], *, batch_size: int = 32, on_damaged: str = "warn"
    ) -> Iterator[tuple[Any, tuple[np.ndarray, np.ndarray] | ImageError]]:
        """Embed any number of images, in order and in bounded memory.

        Args:
            sources: images, as `embed_images` takes them; may be endless.
            batch_size, on_damaged: as in `embed_images`.

        Yields:
            Each source with its vector, float32 (embedding_dim,), and its regions,
            float32 (regions, embedding_dim); or with the `ImageError` of an image that
            cannot be read.
        """
        check_on_damaged(on_damaged)
        return self._functions.stream(sources, batch_size, on_damaged)

    def embed_texts(
        self,
        texts: str | Sequence[str] | MatchedTexts,
        *,
        batch_size: int = 256,
        allow_unknown: bool = False,
    ) -> MatchedTexts:
        """Embed texts.

        Args:
            texts: text or sequence of texts.
            batch_size: texts embedded at a time.
            allow_unknown: whether unknown words may be all that a text has, and are
                not reported.

        Raises:
            InputError: a text is empty, not a string, or without a known word.

        Warns:
            UnknownWordsWarning: a text has unknown words beside known ones.
        """
        if isinstance(texts, MatchedTexts):
            return texts
        return self._functions.texts(
            self.read_texts(texts, allow_unknown=allow_unknown), batch_size
        )

    def score(
        self,
        images: Any,
        texts: Any,
        *,
        batch_size: int = 32,
        on_damaged: str = "warn",
    ) -> np.ndarray:
        """Compute f(I, D) of every image with every text.

        Memory is bounded, apart from the embeddings and the result.

        Args:
            images: images or `ImageEmbeddings`.
            texts: texts or `MatchedTexts`.
            batch_size, on_damaged: as in `embed_images`.

        Returns:
            float32 (images, texts).

        Raises:
            ImageError: an image cannot be read.
            InputError: a text is empty, not a string, or without a known word.

        Warns:
            UnknownWordsWarning: a text has unknown words beside known ones.
        """
        matched = self.embed_texts(texts)  # an invalid text is refused first
        return self._functions.scores(
            self.embed_images(images, batch_size=batch_size, on_damaged=on_damaged),
            matched,
        )

    def probabilities(self, images: Any, text: str, **kwargs: Any) -> np.ndarray:
        """Compute P(I|D), the probability of each image given a text.

        Args:
            images: images to choose from.
            text: one text.
            **kwargs: other arguments of `score`.

        Returns:
            float32 (images,), with sum 1.
        """
        return _softmax(self.score(images, [text], **kwargs)[:, 0])

    def text_probabilities(self, image: Any, texts: Any, **kwargs: Any) -> np.ndarray:
        """Compute P(D|I), the probability of each text given an image.

        Args:
            image: one image.
            texts: texts to choose from.
            **kwargs: other arguments of `score`.

        Returns:
            float32 (texts,), with sum 1.

        Raises:
            InputError: there are several images.
        """
        check_single(image)
        return _softmax(self.score(image, texts, **kwargs)[0])

    def rank(self, images: Any, text: str, **kwargs: Any) -> list[tuple[int, float]]:
        """Sort images by P(I|D), the likeliest first.

        Args:
            images: images to sort.
            text: one text.
            **kwargs: other arguments of `score`.

        Returns:
            Pairs of an index into `images` and its probability.
        """
        probabilities = self.probabilities(images, text, **kwargs)
        order = np.argsort(-probabilities, kind="stable")
        return [(int(index), float(probabilities[index])) for index in order]

    def explain(self, image: Any, text: str) -> WordMaps:
        """Locate each word of a text in an image.

        Args:
            image: one image.
            text: one text.

        Returns:
            One map per word, and the cosine of each word and what it attends to.

        Raises:
            InputError: the matcher has no local term, or there are several images.
        """
        check_single(image)
        if not self.use_local:
            raise InputError(
                "Only a matcher with a local term can locate words",
                "Train a matcher with use_local=True",
                use_local=False,
            )
        matched = self.embed_texts(text)
        return self._functions.explain(self.embed_images(image), matched, text)

    @functools.cached_property
    def _functions(self) -> MatchingFunctions:
        return MatchingFunctions(self)

    def fit(
        self, x: Any = None, y: Any = None, *, batch_size: int = 32, **kwargs: Any
    ) -> Any:
        """Train the matcher; see `keras.Model.fit`.

        Args:
            x: dict of `"image"` (images as `embed_images` takes them), `"caption"`
                (strings, one or the same number per image) and optionally `"image_id"`
                (int), if an image may occur twice; or a `tf.data.Dataset` of such
                dicts, unbatched; or batches of `(inputs, targets)`, see
                `MatchingModel`.
            y: targets, or None if `x` has captions.
            batch_size: images per batch, which are each other's negatives.
            **kwargs: other arguments of `keras.Model.fit`; `validation_data` takes the
                same forms as `x`.

        Raises:
            ImageError: an image cannot be read.
            InputError: an example lacks an image or a caption, the dataset is batched,
                `y` holds captions, or no caption has a known word. The captions of a
                dataset are counted in its first epoch, and checked at the end of it.
        """
        refuse_strings(y, "caption")
        streamed = StreamedCaptions(self.text_encoder.tokenizer, "matcher")
        x = matching_dataset(streamed.watch(x), self, batch_size, shuffle=True)
        if "validation_data" in kwargs:
            kwargs["validation_data"] = matching_dataset(
                kwargs["validation_data"], self, batch_size
            )
        if hasattr(x, "element_spec"):
            # Keras shuffles by default, and warns that it cannot shuffle a dataset.
            kwargs.setdefault("shuffle", False)
        return super().fit(x, y, **streamed.add_to(kwargs))

    def evaluate(
        self, x: Any = None, y: Any = None, *, batch_size: int = 32, **kwargs: Any
    ) -> Any:
        """Compute loss and metrics, as `keras.Model.evaluate`; see `fit` for `x`."""
        refuse_strings(y, "caption")
        streamed = StreamedCaptions(self.text_encoder.tokenizer, "matcher")
        x = matching_dataset(streamed.watch(x), self, batch_size)
        return super().evaluate(x, y, **streamed.add_to(kwargs))

    @property
    def vocabulary(self) -> Any:
        """The words of the text encoder's tokenizer."""
        return self.text_encoder.tokenizer.vocabulary

    @property
    def description(self) -> str:
        """One line: the classes of the parts and their sizes."""
        return (
            f"f(I, D) of {type(self.image_encoder).__name__} at "
            f"{self.image_encoder.image_size} px and "
            f"{type(self.text_encoder).__name__}, {len(self.vocabulary.tokens)} tokens"
        )

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        parts = {name: serialize(part) for name, part in self.parts().items()}
        return {"name": self.name} | parts

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        for part in cls.PARTS:
            config[part] = keras.saving.deserialize_keras_object(
                config[part], custom_objects=custom_objects
            )
        return cls(**config)


def check_single(image: Any) -> None:
    """Refuse several images where one is expected.

    Raises:
        InputError: `image` is not a single image.
    """
    count = len(image) if isinstance(image, ImageEmbeddings) else None
    if count != 1 and not is_single(image):
        raise InputError(
            "This method takes one image", "Pass one at a time", image=type(image)
        )


def _softmax(scores: np.ndarray) -> np.ndarray:
    """Return exp(scores) divided by their sum, float32 (count,)."""
    powers = np.exp(scores - scores.max())
    return (powers / powers.sum()).astype(np.float32)
