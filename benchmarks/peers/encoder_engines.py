"""Engines that run an encoder: images in, feature maps out.

Each function returns one that takes uint8 (batch, size, size, 3) and returns float32
(batch, rows, columns, channels).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Encode = Callable[[np.ndarray], np.ndarray]


def build_tensorflow(preset: str, precision: str, threads: int) -> Encode:
    """Build the encoder of a preset in TensorFlow, as `ImageCaptioner` runs it."""
    import tensorflow as tf

    from keras_imgdesc import ImageCaptioner
    from keras_imgdesc.backend import compile_function

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    encoder = ImageCaptioner.from_preset(preset, dtype=precision).image_encoder
    encode = compile_function(
        encoder, lambda image: tf.cast(encoder(image, training=False), tf.float32)
    )
    return lambda images: encode(tf.constant(images)).numpy()


def build_litert(path: str, threads: int) -> Encode:
    """Build an encoder in LiteRT, whose files take one image at a time."""
    from ai_edge_litert.interpreter import Interpreter

    # The runner does not keep its interpreter alive.
    interpreter = Interpreter(path, num_threads=threads)
    encode = interpreter.get_signature_runner("encode")

    def run(images: np.ndarray, _owner: Any = interpreter) -> np.ndarray:
        return np.concatenate(
            [encode(image=row[None])["feature_map"] for row in images]
        )

    return run


def build_onnxruntime(path: str, threads: int) -> Encode:
    """Build an encoder in ONNX Runtime's CPU provider."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    return lambda images: session.run(None, {"image": images.astype(np.float32)})[0]


def build_openvino(path: str, precision: str, threads: int) -> Encode:
    """Build an encoder in OpenVINO's CPU plugin, compiled for each batch size.

    Args:
        path: the `.xml` file.
        precision: `INFERENCE_PRECISION_HINT`: what is not int8 computes in it.
        threads: number of threads.
    """
    import openvino

    core = openvino.Core()
    options = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled: dict[int, Any] = {}

    def run(images: np.ndarray) -> np.ndarray:
        if len(images) not in compiled:
            model = core.read_model(path)
            model.reshape(images.shape)
            compiled[len(images)] = core.compile_model(model, "CPU", options)
        features = compiled[len(images)](images.astype(np.float32))[0]
        return np.asarray(features, np.float32)

    return run
