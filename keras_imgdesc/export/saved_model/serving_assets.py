"""Warm-up requests, which TensorFlow Serving reads beside a model."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.export.signature import Signature


def write_serving_assets(
    folder: Path, name: str, signatures: dict[str, Signature], warm_up: bool
) -> None:
    """Write a version's warm-up requests.

    Args:
        folder: folder of the version.
        name: name of the model.
        signatures: the signatures; the example of each becomes a request, if its
            `warm_up` allows it.
        warm_up: whether to write anything.

    Raises:
        InputError: `tensorflow-serving-api` is not installed.
    """
    if not warm_up:
        return
    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
    except ImportError as error:
        raise InputError(
            "Warm-up requests are written by tensorflow-serving-api",
            "Install it with `pip install 'keras-imgdesc[serving]'`, or pass "
            "warm_up=False (--no-warm-up)",
            missing="tensorflow-serving-api",
        ) from error
    extra = folder / "assets.extra"
    extra.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(extra / "tf_serving_warmup_requests")) as writer:
        for signature_name, signature in signatures.items():
            if not signature.warm_up:
                continue
            request = predict_pb2.PredictRequest()
            request.model_spec.name = name
            request.model_spec.signature_name = signature_name
            for key, value in signature.example.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
            writer.write(log.SerializeToString())
