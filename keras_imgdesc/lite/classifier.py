"""A classifier without TensorFlow."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from functools import cached_property
from os import PathLike
from typing import Any

import numpy as np

from keras_imgdesc.errors import ImageError, InputError, check_on_error
from keras_imgdesc.images.damage import report_damage
from keras_imgdesc.images.inputs import is_single, iterate_images
from keras_imgdesc.lite.image_runner import ImageRunner, damage_in
from keras_imgdesc.lite.lite_task import LiteTask
from keras_imgdesc.lite.model_file import (
    PRESET_FILES,
    LiteFileError,
    ModelFile,
    read_model_file,
)
from keras_imgdesc.lite.parallel import map_images
from keras_imgdesc.prediction import Prediction, Predictions

CLASSIFIER_FILE = PRESET_FILES["ImageClassifier"]


class LiteClassifier(LiteTask):
    """Name what images show by a file of `export_tflite`, in LiteRT.

    Needs `ai-edge-litert`, NumPy and Pillow. A float32 file computes the probabilities
    of `ImageClassifier`. Not thread-safe.

    Args:
        path: the `.tflite` file, or what `read_model_file` returned for it.
        num_threads: number of threads of the interpreter; None lets LiteRT choose.

    Attributes:
        file: the file, as `read_model_file` returns it.
        metadata: the metadata of the file.
        labels: names of the classes, in the order of the probabilities.
        image_size: side of the square that images are stretched to, in pixels.

    Raises:
        InputError: the file does not exist, `export_tflite` did not write it from a
            classifier, or `ai-edge-litert` is not installed.

    Example:

        classifier = LiteClassifier.from_preset("imagenet_efficientnet_lite2")
        classifier.classify("photo.jpg", top=3)
    """

    TASK = "ImageClassifier"

    def __init__(
        self, path: str | PathLike[str] | ModelFile, num_threads: int | None = None
    ) -> None:
        self.file = read_model_file(path)
        self.metadata, self.labels = self.file.metadata, self.file.tokens
        if self.metadata.get("task") != "ImageClassifier":
            raise InputError(
                "The file must be that of a classifier",
                "Export an ImageClassifier with `keras-imgdesc export tflite`",
                path=self.file.path,
                task=self.metadata.get("task"),
            )
        self._num_threads = num_threads
        self.image_size: int = self.file.image_size("classify")
        classes = self.file.width("classify", "outputs", "probabilities")
        if classes != len(self.labels):
            raise LiteFileError(
                f"The model in {self.file.path.name} must have one output per label",
                "Export the classifier again",
                path=self.file.path,
                outputs=classes,
                labels=len(self.labels),
            )
        self._interpreter = self.file.open(num_threads)

    @staticmethod
    def check_options(file: ModelFile, config: Mapping[str, Any]) -> None:
        """Accept any file: a classifier has no settings; see `LiteCaptioner`."""

    def probabilities(self, image: Any) -> np.ndarray:
        """Compute the probability of every class, float32 (classes,).

        Args:
            image: a path, the bytes of a file, a file object, a Pillow image, or a
                uint8 array or tensor (height, width, 3). See `load_image`.

        Raises:
            ImageError: the image cannot be read.
        """
        outputs = self._classify(image)
        report_damage(image, damage_in(outputs), "warn")
        found: np.ndarray = outputs["probabilities"][0]
        return found

    def classify(
        self,
        inputs: Any,
        *,
        top: int = 5,
        on_error: str = "raise",
        on_damaged: str = "warn",
    ) -> Any:
        """Name the most probable classes of one image or several.

        Args:
            inputs: an image as `probabilities` takes it, a list of those, or an array
                or tensor of images or of paths.
            top: number of classes; all if there are fewer.
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
            iterate_images(inputs), top=top, on_damaged=on_damaged
        )
        with closing(stream):
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
        num_workers: int | None = None,
        on_damaged: str = "warn",
    ) -> Generator[tuple[Any, Predictions | ImageError]]:
        """Classify any number of images, in order, on all cores.

        Closing the stream ends the processes that it started.

        Args:
            sources: images as `probabilities` takes them.
            top: as in `classify`.
            batch_size: as in `ImageClassifier`; it changes nothing here.
            num_workers: number of processes, this one included; None means the number
                of usable cores, divided by the threads of the interpreter. A few images
                start none; see `parallel.map_images`.
            on_damaged: as in `classify`.

        Yields:
            Each source with its classes, or with the `ImageError` of an image that
            cannot be read.

        Raises:
            InputError: `top` or `num_workers` is below 1.
        """
        if top < 1:
            raise InputError("top must be at least 1", "Set top to 5", top=top)
        return map_images(
            self._classify,
            sources,
            num_workers,
            lambda outputs: self._best(outputs, top),
            on_damaged=on_damaged,
        )

    @cached_property
    def _classify(self) -> ImageRunner:
        return ImageRunner(
            self.file.path,
            "classify",
            self.image_size,
            self._num_threads,
            self._interpreter.get_signature_runner("classify"),
        )

    def _best(self, outputs: dict[str, np.ndarray], top: int) -> Predictions:
        probabilities = outputs["probabilities"][0]
        order = np.argsort(-probabilities, kind="stable")[:top]
        return Predictions(
            (Prediction(self.labels[i], float(probabilities[i])) for i in order),
            bool(damage_in(outputs)),
        )
