"""The task: f(I, D) for pictures and texts."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import keras
import numpy as np

from keras_imgdesc.errors import ImageError, InputError, refuse_unknown_options
from keras_imgdesc.images import fitting_batch_size, is_single
from keras_imgdesc.matching.embeddings import (
    ImageEmbeddings,
    MatchedTexts,
    WordMaps,
)
from keras_imgdesc.matching.image_tower import ImageTower
from keras_imgdesc.matching.matching_data import matching_dataset
from keras_imgdesc.matching.matching_functions import MatchingFunctions
from keras_imgdesc.matching.matching_graph import check_parts, matching_graph
from keras_imgdesc.matching.matching_model import MatchingModel
from keras_imgdesc.matching.pair_score import PairScore
from keras_imgdesc.matching.text_tower import TextTower
from keras_imgdesc.presets.task import Task
from keras_imgdesc.text import TEXT_ENCODERS, TextEncoder
from keras_imgdesc.text.checks import check_texts
from keras_imgdesc.vision import ENCODERS


@keras.saving.register_keras_serializable("keras_imgdesc")
class ImageTextMatcher(Task, MatchingModel):
    """Scores how well pictures and texts fit each other.

    f(I, D) is the number; P(I|D) = exp f(I, D) / sum over I of exp f(I, D) ranks
    pictures for a text, its mirror P(D|I) texts for a picture. A functional Keras
    model, the training form: inputs `{"image": uint8 or float in [0, 255], (images,
    image_size, image_size, 3), "token_ids": int32 (texts, words)}`, outputs
    `{"scores": float32 (images, texts), ...}`.

    Wherever pictures are asked for, `ImageEmbeddings` will do, and `MatchedTexts` in
    the place of texts: what is compared often is embedded once.

    Args:
        image_encoder: one of `keras_imgdesc.vision`.
        text_encoder: a `TextEncoder`.
        image_tower, text_tower, pair_score: of the shapes that the encoders give, see
            `ImageTextMatcher.build_parts`.
        name: of the Keras model.

    Raises:
        InputError: the parts do not fit together, or there is no such option.

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

        # What a term that is off would train has no gradient.
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
        """A new matcher on two encoders.

        Args:
            image_encoder, text_encoder: as they are.
            embedding_dim: width of the vectors that are compared.
            num_layers, num_heads, dropout, pool_size: of the `ImageTower`.
            **scoring: arguments of `PairScore`.
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
        """What the cosine of a picture's and a text's vector counts in f."""
        scale = self.pair_score.global_scale if self.pair_score.use_global else 0.0
        return float(scale)

    def fingerprint(self) -> str:
        """A digest of architecture, weights and vocabulary, 16 hexadecimal digits."""
        return self._functions.fingerprint()

    def embed_images(self, images: Any, *, batch_size: int = 32) -> ImageEmbeddings:
        """Embeds pictures.

        Args:
            images: a path, bytes, a Pillow image, a uint8 array, or several, as
                `ImageCaptioner.generate` takes them.
            batch_size: pictures computed at a time.

        Raises:
            ImageError: a picture cannot be read.
        """
        if isinstance(images, ImageEmbeddings):
            return images
        return self._functions.all_images(
            images, fitting_batch_size(images, batch_size)
        )

    def embed_images_stream(
        self, sources: Iterable[Any], *, batch_size: int = 32
    ) -> Iterator[tuple[Any, tuple[np.ndarray, np.ndarray] | ImageError]]:
        """Embeds any number of pictures, in order and in bounded memory.

        Yields:
            Each source with its vector (embedding_dim,) and its regions (regions,
            embedding_dim), or with the `ImageError` that says why there are none.
        """
        return self._functions.stream(sources, batch_size)

    def embed_texts(
        self, texts: str | Sequence[str] | MatchedTexts, *, batch_size: int = 256
    ) -> MatchedTexts:
        """Embeds texts.

        Raises:
            InputError: a text is empty or no string.
        """
        if isinstance(texts, MatchedTexts):
            return texts
        return self._functions.texts(check_texts(texts), batch_size)

    def score(self, images: Any, texts: Any, *, batch_size: int = 32) -> np.ndarray:
        """Computes f(I, D) of every picture with every text.

        Args:
            images: pictures or `ImageEmbeddings`.
            texts: texts or `MatchedTexts`.
            batch_size: pictures embedded at a time.

        Returns:
            float32 (images, texts), in memory bounded but for itself.

        Raises:
            ImageError: a picture cannot be read.
            InputError: a text is empty or no string.
        """
        matched = self.embed_texts(texts)  # a wrong text is told before work starts
        return self._functions.scores(
            self.embed_images(images, batch_size=batch_size), matched
        )

    def probabilities(self, images: Any, text: str, **kwargs: Any) -> np.ndarray:
        """P(I|D): how likely each picture, of those given, is the one of the text.

        Returns:
            float32 (images,), of sum 1.
        """
        return _softmax(self.score(images, [text], **kwargs)[:, 0])

    def text_probabilities(self, image: Any, texts: Any, **kwargs: Any) -> np.ndarray:
        """P(D|I): how likely each text, of those given, is the one of the picture.

        Returns:
            float32 (texts,), of sum 1.
        """
        check_single(image)
        return _softmax(self.score(image, texts, **kwargs)[0])

    def rank(self, images: Any, text: str, **kwargs: Any) -> list[tuple[int, float]]:
        """Pictures by P(I|D), the likeliest first.

        Returns:
            Their places in `images`, each with its probability.
        """
        found = self.probabilities(images, text, **kwargs)
        order = np.argsort(-found, kind="stable")
        return [(int(index), float(found[index])) for index in order]

    def explain(self, image: Any, text: str) -> WordMaps:
        """Where in the picture each word of a text is found.

        Returns:
            A map a word, and how well the word fits what is there.

        Raises:
            InputError: the matcher has no local term.
        """
        check_single(image)
        if not self.pair_score.use_local:
            raise InputError(
                "Only a matcher with a local term can say where a word is",
                "Train one with use_local",
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
        """Trains the matcher, as `keras.Model.fit`.

        Args:
            x: a dict of `"image"` (uint8) and `"caption"` (strings, one or the same
                number for each image), optionally `"image_id"` (int) where a picture
                may be there twice; or a `tf.data.Dataset` of such dicts, unbatched; or
                what the model takes as it is.
            y: None where `x` has the captions.
            batch_size: pictures in a batch; each is told from so many.
            **kwargs: the rest of `keras.Model.fit`; `validation_data` of the same
                forms.
        """
        x = matching_dataset(x, self, batch_size, shuffle=True)
        if "validation_data" in kwargs:
            kwargs["validation_data"] = matching_dataset(
                kwargs["validation_data"], self, batch_size
            )
        if hasattr(x, "element_spec"):
            # Keras would shuffle by default and warns that it cannot.
            kwargs.setdefault("shuffle", False)
        return super().fit(x, y, **kwargs)

    def evaluate(
        self, x: Any = None, y: Any = None, *, batch_size: int = 32, **kwargs: Any
    ) -> Any:
        """Computes loss and metrics, as `keras.Model.evaluate`; see `fit` for `x`."""
        return super().evaluate(matching_dataset(x, self, batch_size), y, **kwargs)

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
