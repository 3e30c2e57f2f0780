"""Loading trained EfficientNet-Lite weights, folded into convolutions with a bias."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.vision.array_files import check_arrays, read_npz
from keras_imgdesc.vision.classification_head import ClassificationHead
from keras_imgdesc.vision.preset_weights import load_preset_weights

# Epsilon of the batch normalization in EfficientNet.
EPSILON = 1e-3
STATISTICS = ("weight", "bias", "running_mean", "running_var")


def load_efficientnet_lite_weights(encoder: Any, weights: str) -> None:
    """Fill an `EfficientNetLiteEncoder` with trained weights.

    Args:
        encoder: an `EfficientNetLiteEncoder`.
        weights: path of an `.npz` with the arrays of the PyTorch port
            (`efficientnet_lite_pytorch`): convolutions `(outputs, inputs, rows,
            columns)` and batch normalizations; or a preset with the same variant up to
            the same layer.

    Raises:
        InputError: there is no such file or preset, it cannot be read, or it holds
            another network.
    """
    if not Path(weights).is_file():
        load_preset_weights(encoder, weights)
        return
    network = f"EfficientNet-{encoder.variant.capitalize()}"
    arrays = read_npz(weights, network)
    sources = dict(source_names(encoder))
    expected: dict[str, tuple[int, ...]] = {}
    for layer, (convolution, norm) in sources.items():
        shape = _source_shape(encoder.get_layer(layer))
        expected[f"{convolution}.weight"] = shape
        expected |= {f"{norm}.{s}": (shape[0],) for s in STATISTICS}
    check_arrays(arrays, expected, weights, network)
    for layer, (convolution, norm) in sources.items():
        kernel, bias = fold(arrays, convolution, norm)
        if "depthwise" in layer:
            kernel = np.swapaxes(kernel, 2, 3)
        encoder.get_layer(layer).set_weights([kernel, bias])


def source_names(encoder: keras.Model) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield each layer's name with those of its convolution and normalization.

    Args:
        encoder: an `EfficientNetLiteEncoder`.
    """
    kinds = {
        "expand": ("_expand_conv", "_bn0"),
        "depthwise": ("_depthwise_conv", "_bn1"),
        "project": ("_project_conv", "_bn2"),
    }
    for layer in encoder.layers:
        if not layer.weights:
            continue
        block, _, kind = layer.name.partition("_")
        if block == "stem":
            yield layer.name, ("_conv_stem", "_bn0")
        elif block == "head":
            yield layer.name, ("_conv_head", "_bn1")
        else:
            # The port counts blocks from 0.
            prefix = f"_blocks.{int(block.removeprefix('block')) - 1}"
            convolution, norm = kinds[kind]
            yield layer.name, (f"{prefix}.{convolution}", f"{prefix}.{norm}")


def fold(
    arrays: Mapping[str, np.ndarray], convolution: str, norm: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel and bias of a convolution with its normalization folded in.

    Args:
        arrays: arrays by name.
        convolution: name of the convolution.
        norm: name of the batch normalization after it.

    Returns:
        The kernel, float32 (rows, columns, inputs, outputs), and the bias (outputs,).
    """
    kernel = arrays[f"{convolution}.weight"].astype("float32")
    gamma, beta, mean, variance = (
        arrays[f"{norm}.{s}"].astype("float32") for s in STATISTICS
    )
    scale = gamma / np.sqrt(variance + EPSILON)
    return kernel.transpose(2, 3, 1, 0) * scale, beta - mean * scale


def load_efficientnet_lite_head(weights: str) -> ClassificationHead:
    """Return the head of 1,000 ImageNet classes of an EfficientNet-Lite.

    It takes the feature map of `EfficientNetLiteEncoder`'s `"head_conv"`.

    Args:
        weights: path of an `.npz` as in `load_efficientnet_lite_weights`.

    Raises:
        InputError: the file cannot be read, or holds no such head.
    """
    if not Path(weights).is_file():
        raise InputError(
            "weights must be an existing .npz file",
            "Give the path of an EfficientNet-Lite .npz file",
            weights=weights,
        )
    network = "EfficientNet-Lite"
    arrays = read_npz(weights, network)
    shapes = {"_fc.weight": (1000, 1280), "_fc.bias": (1000,)}
    check_arrays(arrays, shapes, weights, network)
    return ClassificationHead.from_arrays(arrays["_fc.weight"].T, arrays["_fc.bias"])


def _source_shape(layer: keras.Layer) -> tuple[int, ...]:
    """Return the shape of a layer's kernel in the PyTorch port."""
    rows, columns, inputs, outputs = layer.kernel.shape
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        inputs, outputs = outputs, inputs
    return (outputs, inputs, rows, columns)
