"""A task's functions as TensorFlow Lite has them, before any rounding."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

import tensorflow as tf

from keras_imgdesc.export.disk_errors import disk_errors_as_input_errors
from keras_imgdesc.export.graph.functions import traced, write_functions
from keras_imgdesc.export.tasks import lite_model_of


class LiteConversion:
    """A task traced once and converted once, however many files are made of it.

    Args:
        task: an `ImageCaptioner`, an `ImageTextMatcher` or a `TextToImage`; its
            weights must stay as they are.
        **settings: fixed in the files, see `export_tflite`.

    Raises:
        InputError: a setting is out of its range, or there is nothing for this task.
    """

    def __init__(self, task: Any, **settings: Any) -> None:
        self.model = lite_model_of(task, **settings)

    @cached_property
    def float32(self) -> bytes:
        """The file's content, in float32.

        Raises:
            InputError: the disk of temporary files is full.
        """
        return self._convert(half=False)

    @cached_property
    def float16(self) -> bytes:
        """Likewise, its weights in float16."""
        return self._convert(half=True)

    @cached_property
    def tensors(self) -> dict[str, Any]:
        """By signature the dtypes and shapes of `"inputs"` and `"outputs"`."""
        tensors = {}
        for name, signature in self.model.signatures.items():
            outputs = self._functions[name].structured_outputs
            tensors[name] = {
                "inputs": {spec.name: _described(spec) for spec in signature.inputs},
                "outputs": {key: _described(value) for key, value in outputs.items()},
            }
        return tensors

    @cached_property
    def _functions(self) -> dict[str, Any]:
        return {name: traced(each) for name, each in self.model.signatures.items()}

    def _convert(self, half: bool) -> bytes:
        place = Path(tempfile.gettempdir())
        with (
            disk_errors_as_input_errors(place),
            tempfile.TemporaryDirectory() as folder,
        ):
            # From functions alone the converter would leave the weights out.
            write_functions(folder, self._functions)
            converter = tf.lite.TFLiteConverter.from_saved_model(
                folder, signature_keys=list(self.model.signatures)
            )
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
            if half:
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.target_spec.supported_types = [tf.float16]
            content: bytes = converter.convert()
        return content


def _described(tensor: Any) -> dict[str, Any]:
    return {"dtype": tensor.dtype.name, "shape": tensor.shape.as_list()}
