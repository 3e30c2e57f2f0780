"""The same encoder in the formats of ONNX Runtime, OpenVINO and LiteRT."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# OpenVINO's name of a depthwise convolution.
DEPTHWISE = "GroupConvolution"


def build_writer() -> Callable[..., None]:
    """Return `write_models`, for a process of its own."""
    return write_models


def read_pixels(paths: list[str], size: int) -> np.ndarray:
    """Read photographs as the package does: uint8 (photographs, size, size, 3)."""
    from keras_imgdesc.images import load_image
    from keras_imgdesc.lite.resizing import stretch

    return np.stack([stretch(load_image(path), (size, size)) for path in paths])


def write_models(preset: str, folder: str, calibration: list[str]) -> int:
    """Write the image encoder of a preset in every form that is measured.

    Files: `float32.onnx`, `static.onnx`, `dynamic.onnx`; `float32.xml`, `int8.xml` and,
    if there are depthwise convolutions, `float_depthwise.xml` (OpenVINO);
    `float32.tflite`, `dynamic.tflite`, `int8.tflite`.

    Args:
        preset: name of a captioner's preset.
        folder: an existing folder.
        calibration: paths of the photographs that give the ranges of activations.

    Returns:
        The side of the encoder's input, in pixels.
    """
    from keras_imgdesc import ImageCaptioner

    encoder = ImageCaptioner.from_preset(preset, dtype="float32").image_encoder
    images = read_pixels(calibration, encoder.image_size)
    encoder.export(f"{folder}/float32.onnx", format="onnx", verbose=False)
    _write_onnx(Path(folder), images.astype("float32"))
    _write_openvino(Path(folder), images.astype("float32"))
    _write_tflite(encoder, Path(folder), images)
    return encoder.image_size


def _write_onnx(folder: Path, images: np.ndarray) -> None:
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self._rows = iter(images)

        def get_next(self) -> dict[str, np.ndarray] | None:
            row = next(self._rows, None)
            return None if row is None else {"image": row[None]}

    prepared = str(folder / "prepared.onnx")
    quant_pre_process(str(folder / "float32.onnx"), prepared)
    quantization.quantize_static(
        prepared, str(folder / "static.onnx"), Reader(), per_channel=True
    )
    quantization.quantize_dynamic(
        prepared, str(folder / "dynamic.onnx"), per_channel=True
    )


def _write_openvino(folder: Path, images: np.ndarray) -> None:
    import nncf
    import openvino

    logging.getLogger("nncf").setLevel(logging.ERROR)
    model = openvino.convert_model(folder / "float32.onnx")
    openvino.save_model(model, folder / "float32.xml", compress_to_fp16=False)
    forms: dict[str, Any] = {"int8": None}
    if any(op.get_type_name() == DEPTHWISE for op in model.get_ops()):
        # Our int8 files leave depthwise convolutions in float too.
        forms["float_depthwise"] = nncf.IgnoredScope(types=[DEPTHWISE])
    for name, ignored in forms.items():
        rows = nncf.Dataset(list(images), lambda row: row[None])
        quantized = nncf.quantize(
            model, rows, subset_size=len(images), ignored_scope=ignored
        )
        openvino.save_model(quantized, folder / f"{name}.xml", compress_to_fp16=False)


def _write_tflite(encoder: Any, folder: Path, images: np.ndarray) -> None:
    import tensorflow as tf

    from keras_imgdesc.export.graph.functions import traced, write_functions
    from keras_imgdesc.export.signature import Signature
    from keras_imgdesc.export.tflite.dynamic_int8 import quantize_to_dynamic
    from keras_imgdesc.export.tflite.full_int8 import quantize_to_int8

    shape = (1, *images.shape[1:])
    signature = Signature(
        lambda image: {"feature_map": encoder(image, training=False)},
        (tf.TensorSpec(shape, tf.uint8, name="image"),),
        {"image": images[:1]},
    )
    write_functions(folder / "saved_model", {"encode": traced(signature)})
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(folder / "saved_model"), signature_keys=["encode"]
    )
    content = converter.convert()
    examples = [{"image": row[None]} for row in images]
    (folder / "float32.tflite").write_bytes(content)
    (folder / "dynamic.tflite").write_bytes(quantize_to_dynamic(content, examples))
    (folder / "int8.tflite").write_bytes(quantize_to_int8(content, examples))
