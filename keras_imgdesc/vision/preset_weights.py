"""Weights of an image encoder from a preset."""

from typing import Any, cast

import keras

from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import check_json
from keras_imgdesc.presets.checksums import check_files
from keras_imgdesc.presets.folders import CONFIG_FILE, find_preset, read_config
from keras_imgdesc.presets.part_configs import Part, check_part_config
from keras_imgdesc.presets.shared_weights import open_arrays


def load_preset_weights(encoder: Any, weights: str) -> dict[str, Any]:
    """Fill an encoder with the weights of a preset's image encoder.

    Args:
        encoder: an `ImageEncoder`.
        weights: name or folder of the preset of a task whose image encoder has the
            same class and the same shapes of weights.

    Returns:
        The configuration of the preset's image encoder.

    Raises:
        InputError: there is no such preset, or its image encoder is missing, of
            another class or of other shapes, a file of it is damaged, or it shares
            weights with a preset that is not there or has other weights than it had.
    """
    try:
        folder = find_preset(weights)
    except InputError as error:
        raise InputError(
            "weights must be None, 'imagenet', an existing file or a preset",
            "Give the path of a weights file, or a preset's name",
            weights=weights,
        ) from error
    config = read_config(folder)
    if "image_encoder" not in config:
        raise InputError(
            "The preset must have an image encoder",
            "Use the preset of a captioner, matcher or classifier",
            weights=weights,
            task=config.get("task"),
        )
    file = folder / CONFIG_FILE
    entry = cast(dict[str, Any], config)["image_encoder"]
    saved = check_json(entry, Part, where="image_encoder", what=CONFIG_FILE, file=file)
    kind = keras.saving.get_registered_name(type(encoder))
    if saved["class"] != kind:
        raise InputError(
            f"The preset's image encoder must be of the class {type(encoder).__name__}",
            f"Build the class that the preset has, with {saved['config']}",
            weights=weights,
            image_encoder=saved["class"],
        )
    check_part_config(type(encoder), saved["config"], "image_encoder.config", file)
    check_files(folder, config.get("sha256"))
    with open_arrays(folder, config) as (own, shared):
        arrays = shared | own
        for variable in encoder.weights:
            path = f"image_encoder/{variable.path}"
            shape = tuple(arrays[path].shape) if path in arrays else None
            if shape != tuple(variable.shape):
                raise InputError(
                    "The preset's image encoder must have weights of the same shapes",
                    f"Use its arguments: {saved['config']}",
                    weights=weights,
                    weight=variable.path,
                    shape=shape,
                    expected=tuple(variable.shape),
                )
            variable.assign(arrays[path].read().astype("float32"))
    return saved["config"]
