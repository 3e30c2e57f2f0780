"""An encoder's weights out of a preset of ours."""

from typing import Any

import h5py
import keras

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.folders import WEIGHTS_FILE, find_preset, read_config
from keras_imgdesc.presets.legacy_names import weights_by_path


def load_preset_weights(encoder: Any, weights: str) -> dict[str, Any]:
    """Fill an encoder from a preset's encoder of the same kind.

    Args:
        encoder: an `ImageEncoder`.
        weights: the folder or the name of a preset.

    Returns:
        The configuration of the preset's encoder.

    Raises:
        InputError: there is no such preset, or its encoder has other layers.
    """
    try:
        folder = find_preset(weights)
    except InputError as error:
        raise InputError(
            "weights must be None, 'imagenet', an existing file or a preset",
            "Give the path of a Keras .h5 or .weights.h5 file, or a preset's name",
            weights=weights,
        ) from error
    saved = read_config(folder)["image_encoder"]
    with h5py.File(folder / WEIGHTS_FILE, "r") as file:
        arrays = weights_by_path(file)
        for variable in encoder.weights:
            path = f"image_encoder/{variable.path}"
            shape = tuple(arrays[path].shape) if path in arrays else None
            kind = keras.saving.get_registered_name(type(encoder))
            if saved["class"] != kind or shape != tuple(variable.shape):
                raise InputError(
                    "The preset's encoder must have the layers that it is to fill",
                    f"It is a {saved['class']} with {saved['config']}",
                    weights=weights,
                    layer=variable.path,
                    shape=tuple(variable.shape),
                )
            variable.assign(arrays[path][()].astype("float32"))
    return saved["config"]
