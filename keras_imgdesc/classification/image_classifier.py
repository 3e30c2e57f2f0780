"""The classification task: f(I), the probabilities of the classes."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np

from keras_imgdesc.classification.class_predictor import ClassPredictor, softmax
from keras_imgdesc.classification.classifier_model import ClassifierModel
from keras_imgdesc.classification.labels import Labels
from keras_imgdesc.errors import (
    ImageError,
    InputError,
    check_on_error,
    refuse_unknown_options,
)
from keras_imgdesc.images import fitting_batch_size, is_single, iterate_images
from keras_imgdesc.images.damage import check_on_damaged, damage_of
from keras_imgdesc.prediction import Prediction, Predictions
from keras_imgdesc.presets.task import Task
from keras_imgdesc.vision import ENCODERS, ClassificationHead


@keras.saving.register_keras_serializable("keras_imgdesc")
class ImageClassifier(Task, ClassifierModel):
    """Name what an image shows: f(I) = softmax((W R(I) + b) / T).

    R(I) is the mean of the image encoder's feature map over its locations.

    The functional Keras model is the training form: input uint8 or float in [0, 255],
    (images, image_size, image_size, 3), output the logits, float32 (images, classes).

    Args:
        image_encoder: images to feature maps, one of `keras_imgdesc.vision`.
        head: feature maps to logits.
        labels: names of the classes, in the order of the head's outputs.
        name: name of the Keras model.

    Raises:
        InputError: the parts do not fit together, or an option is unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc import ImageClassifier, VGG16Encoder
    >>> encoder = VGG16Encoder(image_size=32, width=0.0625)
    >>> classifier = ImageClassifier.build_parts(encoder, ["cat", "dog"])
    >>> best, other = classifier.classify(np.zeros((40, 60, 3), "uint8"))
    >>> best.probability >= other.probability
    True
    """

    PARTS: ClassVar[dict[str, tuple[type, ...]]] = {
        "image_encoder": tuple(ENCODERS.values()),
        "head": (ClassificationHead,),
    }

    def __init__(
        self,
        image_encoder: keras.Model,
        head: ClassificationHead,
        labels: Labels | Sequence[str],
        name: str = "image_classifier",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        if not isinstance(labels, Labels):
            labels = Labels(labels)
        _check_parts(image_encoder, head, labels)

        # === Functional Model ===
        size = image_encoder.image_size
        image = keras.Input((size, size, 3), name="image")
        super().__init__(inputs=image, outputs=head(image_encoder(image)), name=name)

        # === Config ===
        self.image_encoder = image_encoder
        self.head = head
        self.labels = labels

    @classmethod
    def build_parts(
        cls, image_encoder: keras.Model, labels: Labels | Sequence[str]
    ) -> ImageClassifier:
        """Build a classifier with a new head.

        Args:
            image_encoder: encoder, trained or not.
            labels: names of the classes.
        """
        if not isinstance(labels, Labels):
            labels = Labels(labels)
        channels = image_encoder.feature_map_shape[-1]
        return cls(image_encoder, ClassificationHead(len(labels), channels), labels)

    def classify(
        self,
        inputs: Any,
        *,
        top: int = 5,
        batch_size: int = 32,
        on_error: str = "raise",
        on_damaged: str = "warn",
    ) -> Any:
        """Name the most probable classes of one image or several.

        Args:
            inputs: path, bytes of a file, file object, Pillow image, or uint8 array or
                tensor (height, width, 3); list of those; array or tensor of images or
                of paths; or `tf.data.Dataset` of images, batches of images or paths,
                alone or as entry `"image"` of a dict. See `load_image`.
            top: number of classes; all if there are fewer.
            batch_size: images per batch.
            on_error: `"raise"` the ImageError of an image that cannot be read, or
                `"return"` it in place of the classes.
            on_damaged: `"warn"` of an image some of whose data are missing, or
                `"refuse"` it; see `load_image`.

        Returns:
            `Predictions`, a list of `Prediction`, the most probable first, for one
            image; a list of such lists for several.

        Raises:
            ImageError: an image cannot be read.
            InputError: a setting is out of range.

        Warns:
            DamagedImageWarning: data of an image are missing; its `Predictions` are
                `damaged`.
        """
        check_on_error(on_error)
        results: list[Any] = []
        stream = self.classify_stream(
            iterate_images(inputs),
            top=top,
            batch_size=fitting_batch_size(inputs, batch_size),
            on_damaged=on_damaged,
        )
        for _, found in stream:
            if isinstance(found, ImageError) and on_error == "raise":
                raise found
            results.append(found)
        return results[0] if is_single(inputs) else results

    def classify_stream(
        self,
        sources: Iterable[Any],
        *,
        top: int = 5,
        batch_size: int = 32,
        on_damaged: str = "warn",
    ) -> Iterator[tuple[Any, Predictions | ImageError]]:
        """Classify any number of images, in order and in bounded memory.

        The next batch is read while one is classified.

        Args:
            sources: images, as `classify` takes them; may be endless.
            top, batch_size, on_damaged: as in `classify`.

        Yields:
            Each source with its classes, or with the `ImageError` of an image that
            cannot be read.

        Raises:
            InputError: a setting is out of range.
        """
        if top < 1:
            raise InputError("top must be at least 1", "Set top to 5", top=top)
        stream = self.logits_stream(
            sources, batch_size=batch_size, on_damaged=on_damaged
        )
        return ((source, self._best(logits, top)) for source, logits in stream)

    def logits_stream(
        self, sources: Iterable[Any], *, batch_size: int = 32, on_damaged: str = "warn"
    ) -> Iterator[tuple[Any, np.ndarray | ImageError]]:
        """Compute the logits of any number of images, in order and in bounded memory.

        Args:
            sources: images, as `classify` takes them; may be endless.
            batch_size: images per batch.
            on_damaged: as in `classify`.

        Yields:
            Each source with its logits, float32 (classes,), or with the `ImageError`
            of an image that cannot be read.

        Raises:
            InputError: `batch_size` is below 1.
        """
        if batch_size < 1:
            raise InputError(
                "batch_size must be at least 1",
                "Set batch_size to 32",
                batch_size=batch_size,
            )
        check_on_damaged(on_damaged)
        return self._predictor.stream(sources, batch_size, on_damaged)

    def probabilities(self, images: Any, *, batch_size: int = 32) -> np.ndarray:
        """Compute f(I), the probability of every class.

        Args:
            images: images, as `classify` takes them.
            batch_size: images per batch.

        Returns:
            float32 (images, classes), each row with sum 1.

        Raises:
            ImageError: an image cannot be read.
            InputError: there is no image, or `batch_size` is below 1.
        """
        return softmax(self.logits(images, batch_size=batch_size))

    def logits(self, images: Any, *, batch_size: int = 32) -> np.ndarray:
        """Compute the logits, whose softmax is f(I); see `probabilities`."""
        batch_size = fitting_batch_size(images, batch_size)
        rows = []
        for _, found in self.logits_stream(
            iterate_images(images), batch_size=batch_size
        ):
            if isinstance(found, ImageError):
                raise found
            rows.append(found)
        if not rows:
            raise InputError("There must be an image", "Pass one or several images")
        return np.stack(rows)

    def fingerprint(self) -> str:
        """Return a digest of architecture and weights, 16 hexadecimal digits."""
        digest = hashlib.sha256(self.image_encoder.fingerprint().encode())
        digest.update("\n".join(self.labels.tokens).encode())
        for variable in self.head.weights:
            # Presets keep float16: reloading must not change the digest.
            array = keras.ops.convert_to_numpy(variable)
            digest.update(array.astype(np.float16).tobytes())
        return digest.hexdigest()[:16]

    @functools.cached_property
    def _predictor(self) -> ClassPredictor:
        return ClassPredictor(self)

    def _best(
        self, logits: np.ndarray | ImageError, top: int
    ) -> Predictions | ImageError:
        if isinstance(logits, ImageError):
            return logits
        probabilities = softmax(np.asarray(logits))
        order = np.argsort(-probabilities, kind="stable")[:top]
        classes = [
            Prediction(self.labels.tokens[index], float(probabilities[index]))
            for index in order
        ]
        return Predictions(classes, bool(damage_of(logits)))

    @property
    def vocabulary(self) -> Labels:
        """The labels, which a preset keeps in `vocabulary.txt`."""
        return self.labels

    @property
    def description(self) -> str:
        """One line: the classes of the parts and their sizes."""
        return (
            f"{len(self.labels):,} classes, {type(self.image_encoder).__name__} at "
            f"{self.image_encoder.image_size} px"
        )

    @classmethod
    def from_parts(
        cls, parts: dict[str, Any], config: dict[str, Any], vocabulary_file: Path
    ) -> Self:
        """Build a classifier from what a preset holds; see `Task.from_parts`."""
        return cls(**parts, labels=Labels.load(vocabulary_file))

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        parts = {name: serialize(part) for name, part in self.parts().items()}
        return {"name": self.name, "labels": list(self.labels.tokens)} | parts

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        for part in cls.PARTS:
            config[part] = keras.saving.deserialize_keras_object(
                config[part], custom_objects=custom_objects
            )
        return cls(**config)


def _check_parts(image_encoder: Any, head: ClassificationHead, labels: Labels) -> None:
    channels = image_encoder.feature_map_shape[-1]
    if head.feature_dim != channels:
        raise InputError(
            "The head must be built for the image encoder's feature map",
            f"Build it with feature_dim={channels}",
            image_encoder=channels,
            head=head.feature_dim,
        )
    if head.num_classes != len(labels):
        raise InputError(
            "The head must have one output per label",
            "Give the labels that it was trained with",
            labels=len(labels),
            head=head.num_classes,
        )
