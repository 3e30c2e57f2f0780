"""Copying weights to and from `keras.applications.VGG16`."""

from pathlib import Path

import keras

from keras_imgdesc.errors import InputError
from keras_imgdesc.vision.array_files import check_arrays, check_finite, read_npz
from keras_imgdesc.vision.imagenet import download_imagenet
from keras_imgdesc.vision.keras_files import check_keras_file
from keras_imgdesc.vision.preset_weights import load_preset_weights


def _keras_vgg16(weights: str | None):
    return keras.applications.VGG16(include_top=False, weights=weights)


def load_vgg16_weights(encoder: keras.Model, weights: str) -> None:
    """Fill a `VGG16Encoder` with trained weights.

    Args:
        encoder: a `VGG16Encoder`.
        weights: `"imagenet"`, the path of a Keras `.h5` / `.weights.h5` of
            `VGG16(include_top=False)` or of an `.npz` with its arrays under
            `layer/weight` names, or a preset with a VGG16 of the same width.

    Raises:
        InputError: there is no such file or preset, it does not fit, or the weights
            are Keras' and the encoder's width is not 1.
    """
    first = encoder.get_layer("block1_conv1")
    if weights != "imagenet" and not Path(weights).is_file():
        saved = load_preset_weights(encoder, weights)
        first.kernel.assign(first.kernel * (encoder.input_scale / saved["input_scale"]))
        return
    if first.filters != 64:
        raise InputError(
            "Keras' VGG16 weights fit only an encoder of width 1",
            "Use width=1, or train the narrow encoder from scratch",
            width=encoder.width,
        )
    if Path(weights).suffix == ".npz":
        _load_npz(encoder, weights)
    else:
        copy_convolutions(_read_keras(weights), encoder)
    first.kernel.assign(first.kernel * encoder.input_scale)


def _load_npz(encoder: keras.Model, weights: str) -> None:
    """Fill an encoder of width 1 from the arrays of an `.npz`."""
    arrays = read_npz(weights, "VGG16")
    variables = {
        f"{layer.name}/{variable.name}": variable
        for layer in encoder.layers
        for variable in layer.weights
    }
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    check_arrays(arrays, shapes, weights, "VGG16")
    further = sorted(n for n in arrays if n.startswith("block") and n not in shapes)
    if further:  # VGG19 has all arrays of VGG16
        raise InputError(
            "The weights file must hold the arrays of VGG16",
            f"Use the file of VGG16; this one also has {further[0]!r}",
            weights=weights,
        )
    for name, variable in variables.items():
        variable.assign(arrays[name].astype("float32"))


def _read_keras(weights: str) -> keras.Model:
    """Return Keras' VGG16 with weights downloaded or read from a Keras file."""
    if weights == "imagenet":
        return download_imagenet(lambda: _keras_vgg16("imagenet"))
    check_keras_file(weights)
    source = _keras_vgg16(None)
    try:
        source.load_weights(weights)
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise InputError(
            "The weights file must hold VGG16 without its top",
            f"Save it with model.save_weights; reading this one failed: {error}",
            weights=weights,
        ) from error
    for variable in source.variables:
        check_finite(variable.path, variable.numpy(), weights)
    return source


def to_keras_vgg16(encoder: keras.Model) -> keras.Model:
    """Return the encoder as `keras.applications.VGG16(include_top=False)`.

    The scale of the preprocessing is folded into the first kernel: the only
    preprocessing of the result is `keras.applications.vgg16.preprocess_input`.

    Args:
        encoder: a `VGG16Encoder` of width 1.
    """
    target = _keras_vgg16(None)
    copy_convolutions(encoder, target)
    first = target.get_layer("block1_conv1")
    first.kernel.assign(first.kernel / encoder.input_scale)
    return target


def copy_convolutions(source: keras.Model, target: keras.Model) -> None:
    """Copy the weights of all convolutions between models with VGG16's layer names.

    Args:
        source: model to copy from.
        target: model whose layers are filled.
    """
    for layer in target.layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())
