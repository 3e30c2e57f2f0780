"""A SavedModel, in TensorFlow."""

from __future__ import annotations

import io
from contextlib import suppress
from os import PathLike
from typing import Any

import numpy as np

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images.file_formats import MAX_PIXELS, open_image
from keras_imgdesc.serving.rest_error import STATUS_OF_CODE, RestError
from keras_imgdesc.serving.servables.servable import Arrays
from keras_imgdesc.serving.tensor_spec import SignatureSpec, TensorSpec

FILES, ERRORS = "image_bytes", "error"
_LONGEST = 1000


class SavedModelServable:
    """Answer requests by the signatures of a SavedModel.

    The first run of a signature takes seconds, in which its graph is optimised.

    Args:
        path: folder of a version of a SavedModel.
        max_pixels: larger images are not decoded, and named in the output `error`.
        warm_up: whether to run each signature once with blank inputs.
    """

    gains_by_batches = True

    def __init__(
        self,
        path: str | PathLike[str],
        max_pixels: int = MAX_PIXELS,
        *,
        warm_up: bool = True,
    ) -> None:
        import tensorflow as tf

        self._tf = tf
        self._max_pixels = max_pixels
        # The functions live as long as the model that they belong to.
        self._model = tf.saved_model.load(str(path))
        self._functions = dict(self._model.signatures)
        self.signatures = {
            name: SignatureSpec(
                _specs(function.structured_input_signature[1]),
                _specs(function.structured_outputs),
            )
            for name, function in sorted(self._functions.items())
        }
        for name, spec in self.signatures.items() if warm_up else ():
            # A signature need not take what is blank.
            with suppress(RestError):
                self.run(name, {n: _blank(each) for n, each in spec.inputs.items()})

    def run(self, signature: str, inputs: Arrays) -> Arrays:
        """See `Servable.run`."""
        tf = self._tf
        too_large: dict[int, bytes] = {}
        specs = self.signatures[signature]
        if FILES in inputs and ERRORS in specs.outputs:
            inputs = dict(inputs)
            inputs[FILES], too_large = self._without_large(inputs[FILES])
        tensors = {
            name: tf.constant(
                array, getattr(tf, specs.inputs[name].dtype), shape=array.shape
            )
            for name, array in inputs.items()
        }
        try:
            found = self._functions[signature](**tensors)
        except tf.errors.OpError as error:
            names = {getattr(tf.errors, name): name for name in STATUS_OF_CODE}
            status = STATUS_OF_CODE.get(names.get(error.error_code, ""), 500)
            raise RestError(status, _first_line(error.message)) from None
        outputs = {name: np.asarray(found[name].numpy()) for name in specs.outputs}
        for index, message in too_large.items():
            outputs[ERRORS][index] = message
        return outputs

    def _without_large(
        self, contents: np.ndarray
    ) -> tuple[np.ndarray, dict[int, bytes]]:
        """Return the files without those that are too large, and messages for these."""
        kept, messages = contents.copy(), {}
        for index, content in enumerate(contents):
            try:
                image = open_image(io.BytesIO(content), MAX_PIXELS)
            except Exception:  # the graph says what is wrong with it
                continue
            if image.width * image.height > self._max_pixels:
                error = ImageError(
                    f"An image may have at most {self._max_pixels:,} pixels",
                    "Make it smaller",
                    pixels=image.width * image.height,
                )
                kept[index], messages[index] = b"", str(error).encode()
        return kept, messages


def _blank(spec: TensorSpec) -> np.ndarray:
    """Return an input of one row: an empty text or file, or ones."""
    shape = [size or (8 if axis else 1) for axis, size in enumerate(spec.shape or ())]
    if spec.dtype == "string":
        return np.full(shape, b"", object)
    return np.ones(shape, spec.numpy_dtype)


def _specs(tensors: dict[str, Any]) -> dict[str, TensorSpec]:
    return {
        name: TensorSpec(
            tensor.dtype.name,
            None if tensor.shape.rank is None else tuple(tensor.shape.as_list()),
        )
        for name, tensor in tensors.items()
    }


def _first_line(message: str) -> str:
    """Return what a message of a graph says, without the places in the graph."""
    lines = [line.strip() for line in message.split("\n") if line.strip()]
    chosen = next((x for x in lines if "assertion failed" in x), None)
    if chosen is None:
        useful = [x for x in lines if not x.startswith(("Graph execution", "Detected"))]
        chosen = useful[0] if useful else message
    return chosen[:_LONGEST]
