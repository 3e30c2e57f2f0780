"""ImageNet weights that Keras downloads."""

from collections.abc import Callable

import keras

from keras_imgdesc.errors import InputError


def download_imagenet(build: Callable[[], keras.Model]) -> keras.Model:
    """Build a model with `weights="imagenet"`.

    Args:
        build: function that builds the model.

    Raises:
        InputError: the weights are not on this machine and cannot be downloaded.
    """
    try:
        return build()
    # Keras raises a bare Exception where a download fails.
    except Exception as error:
        raise InputError(
            f"Keras must be able to download its ImageNet weights: {error}",
            "Go online, or use the path of a weights file or the name of a preset",
            weights="imagenet",
        ) from error
