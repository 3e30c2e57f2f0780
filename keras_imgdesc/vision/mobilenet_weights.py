"""Loading trained MobileNet weights, folded into convolutions with a bias."""

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.vision.array_files import check_finite, read_npz
from keras_imgdesc.vision.imagenet import download_imagenet
from keras_imgdesc.vision.keras_files import check_keras_file
from keras_imgdesc.vision.preset_weights import load_preset_weights

# Epsilon of the batch normalization in `keras.applications.MobileNet`.
EPSILON = 1e-3


def load_mobilenet_weights(encoder: keras.Model, weights: str) -> None:
    """Fill a `MobileNetEncoder` with trained weights.

    Args:
        encoder: a `MobileNetEncoder`, or any model with its layer names.
        weights: `"imagenet"`; the path of a Keras `.h5` / `.weights.h5` of
            `MobileNet(include_top=False)`, or of an `.npz` with `layer/weight` names;
            or a preset with a MobileNet up to the same layer.

    Raises:
        InputError: there is no such file or preset, it cannot be read, or it lacks an
            array.
    """
    if weights != "imagenet" and not Path(weights).is_file():
        load_preset_weights(encoder, weights)
        return
    arrays = _read(weights)
    for layer in encoder.layers:
        if layer.weights:
            layer.set_weights(fold(arrays, layer.name, weights))


def fold(
    arrays: Mapping[str, np.ndarray], name: str, source: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel and bias of a layer, with the normalization after it folded in.

    Args:
        arrays: arrays by `layer/weight` name.
        name: name of the convolution, such as `"conv_dw_1"`.
        source: where the arrays come from, for error messages.

    Returns:
        The kernel, in the layout of Keras, and the bias (channels,).

    Raises:
        InputError: an array is missing or not finite.
    """
    depthwise = name.startswith("conv_dw")
    # Keras 3 renamed the depthwise kernel; older files have its first name.
    older = f"{name}/depthwise_kernel"
    kernel_name = older if older in arrays else f"{name}/kernel"
    statistics = ("gamma", "beta", "moving_mean", "moving_variance")
    needed = [kernel_name] + [f"{name}_bn/{s}" for s in statistics]
    missing = [key for key in needed if key not in arrays]
    if missing:
        raise InputError(
            f"The weights must hold every array of layer {name}",
            f"Use complete weights or an earlier feature_layer; these lack {missing}",
            weights=source,
        )
    for key in needed:
        check_finite(key, np.asarray(arrays[key]), source)
    kernel, gamma, beta, mean, variance = (np.asarray(arrays[k]) for k in needed)
    scale = gamma / np.sqrt(variance + EPSILON)
    # A depthwise kernel has its channels on the last axis but one.
    kernel = kernel * (scale[:, None] if depthwise else scale)
    return kernel, beta - mean * scale


def _keras_mobilenet(weights: str | None) -> keras.Model:
    return keras.applications.MobileNet(
        include_top=False, input_shape=(224, 224, 3), weights=weights
    )


def _read(weights: str) -> Mapping[str, np.ndarray]:
    try:
        if Path(weights).suffix == ".npz":
            return read_npz(weights, "MobileNet")
        if weights == "imagenet":
            model = download_imagenet(lambda: _keras_mobilenet("imagenet"))
        else:
            check_keras_file(weights)
            model = _keras_mobilenet(None)
            model.load_weights(weights)
    except InputError:
        raise
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise InputError(
            "The weights file must hold MobileNet without its top",
            f"Use a readable file; reading this one failed: {error}",
            weights=weights,
        ) from error
    return {
        f"{layer.name}/{variable.name}": keras.ops.convert_to_numpy(variable)
        for layer in model.layers
        for variable in layer.weights
    }
