"""How a classifier is trained and calibrated."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from keras_imgdesc.classification.calibration import fit_temperature
from keras_imgdesc.classification.labels import Labels
from keras_imgdesc.classification.training_data import (
    LabelledBatches,
    labelled_batches,
)
from keras_imgdesc.data.example_checks import refuse_pairs, refuse_strings
from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import ClassificationHead


class ClassifierModel(keras.Model):
    """A functional model of logits that trains on labelled images.

    Attributes:
        image_encoder: images to feature maps.
        head: feature maps to logits.
        labels: names of the classes.
    """

    image_encoder: keras.Model
    head: ClassificationHead
    labels: Labels

    @abstractmethod
    def logits(self, images: Any, *, batch_size: int = 32) -> np.ndarray:
        """Compute the logits of images, float32 (images, classes)."""

    def compile(
        self,
        optimizer: Any = "adamw",
        loss: Any = None,
        metrics: Any = ("accuracy",),
        jit_compile: Any = None,
        **kwargs: Any,
    ) -> None:
        """Configure training.

        Args:
            optimizer: Keras optimizer or its name.
            loss: loss of logits; None means cross-entropy with the class's position.
            metrics: as in Keras.
            jit_compile: as in Keras; None means "auto", except on TensorFlow, where it
                means False because XLA makes convolutions slower on a CPU.
            **kwargs: other arguments of `keras.Model.compile`.
        """
        if jit_compile is None:
            jit_compile = False if keras.backend.backend() == "tensorflow" else "auto"
        super().compile(
            optimizer=optimizer,
            loss=loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=list(metrics),
            jit_compile=jit_compile,
            **kwargs,
        )

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        *,
        batch_size: int = 32,
        validation_data: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Train the classifier; see `keras.Model.fit`.

        `image_encoder.set_trainable_from` chooses what is trained besides the head.
        Probabilities are more reliable after `calibrate`. `train_classifier` also
        caches features, augments images and can be resumed.

        Args:
            x: a folder with one folder per class, named like the class; a dict of
                `"image"` (images, as `classify` takes them) and `"label"` (names or
                positions of classes); or whatever Keras takes: arrays with `y`,
                batches of `(images, positions)`.
            y: positions of the classes, or None if `x` has labels.
            batch_size: images per batch, unless `x` is batched.
            validation_data: data in the same forms as `x`.
            **kwargs: other arguments of `keras.Model.fit`.

        Raises:
            InputError: a class folder is empty, a label is unknown, or `y` holds names.
            ImageError: an image cannot be read.
        """
        refuse_strings(y, "label")
        for data in (x, validation_data):
            refuse_pairs(data, "label")
        x = self._batches(x, batch_size, shuffle=True)
        validation_data = self._batches(validation_data, batch_size)
        kwargs |= _batching(x, batch_size)
        if isinstance(x, LabelledBatches):
            kwargs.setdefault("shuffle", False)  # they shuffle themselves
        with _image_errors(x, validation_data):
            return super().fit(x, y, validation_data=validation_data, **kwargs)

    def evaluate(
        self, x: Any = None, y: Any = None, *, batch_size: int = 32, **kwargs: Any
    ) -> Any:
        """Compute loss and metrics, as `keras.Model.evaluate`; see `fit` for `x`."""
        refuse_strings(y, "label")
        x = self._batches(x, batch_size)
        kwargs |= _batching(x, batch_size)
        with _image_errors(x):
            return super().evaluate(x, y, **kwargs)

    def calibrate(self, x: Any, y: Any = None, *, batch_size: int = 32) -> float:
        """Set the temperature that makes the labels of held-out images most probable.

        Args:
            x: labelled images that were not trained on, as in `fit`: a folder, a dict,
                or images with `y`.
            y: names or positions of the classes, or None if `x` has labels.
            batch_size: images per batch.

        Returns:
            The temperature; above 1 where the classifier was too confident.

        Raises:
            InputError: there are no labels, or one is unknown.
            ImageError: an image cannot be read.
        """
        batches = self._batches(x if y is None else {"image": x, "label": y}, 1)
        if not isinstance(batches, LabelledBatches):
            raise InputError(
                "Calibration needs labelled images",
                "Give a folder with one folder per class, or images and labels",
                x=type(x).__name__,
            )
        logits = self.logits(list(batches.images), batch_size=batch_size)
        scale = self.head.temperature
        self.head.temperature = fit_temperature(logits * scale, batches.ids)
        return self.head.temperature

    def _batches(self, data: Any, batch_size: int, shuffle: bool = False) -> Any:
        size = self.image_encoder.image_size
        return labelled_batches(data, self.labels, size, batch_size, shuffle)


@contextmanager
def _image_errors(*data: Any) -> Iterator[None]:
    """Raise the ImageError of batches that could not be read, as it was raised."""
    try:
        yield
    except Exception:
        for batches in data:
            if isinstance(batches, LabelledBatches) and batches.error is not None:
                raise batches.error from None
        raise


def _batching(data: Any, batch_size: int) -> dict[str, int]:
    """Return the `batch_size` argument of Keras, which batches do not take."""
    is_batched = isinstance(data, keras.utils.PyDataset) or hasattr(
        data, "element_spec"
    )
    return {} if is_batched else {"batch_size": batch_size}
