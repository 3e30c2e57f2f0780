"""Conversion of a task to TensorFlow Lite, before any quantization."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

import tensorflow as tf

from keras_imgdesc.disk_errors import disk_errors_as_input_errors
from keras_imgdesc.export.graph.functions import traced, write_functions
from keras_imgdesc.export.tasks import in_float32, lite_model_of


class LiteConversion:
    """A task that is traced once and converted once for any number of files.

    Args:
        task: an `ImageCaptioner`, `ImageTextMatcher`, `TextToImage` or
            `ImageClassifier`; its
            weights must not change.
        **settings: settings to fix in the files, see `export_tflite`.

    Raises:
        InputError: `task` is not a task, or a setting is out of range or belongs to
            another task.
    """

    def __init__(self, task: Any, **settings: Any) -> None:
        self.model = lite_model_of(in_float32(task), **settings)

    @cached_property
    def float32(self) -> bytes:
        """The content of the float32 file.

        Raises:
            InputError: the disk for temporary files is full.
        """
        return self._convert(half=False)

    @cached_property
    def float16(self) -> bytes:
        """The content of the file with float16 weights."""
        return self._convert(half=True)

    @cached_property
    def tensors(self) -> dict[str, Any]:
        """The dtypes and shapes of the `"inputs"` and `"outputs"` of each signature."""
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
        temporary = Path(tempfile.gettempdir())
        with (
            disk_errors_as_input_errors(temporary),
            tempfile.TemporaryDirectory() as folder,
        ):
            # From concrete functions the converter would omit the weights.
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
