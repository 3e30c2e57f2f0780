"""Keras' own weights, which it downloads."""

from collections.abc import Callable

import keras

from keras_imgdesc.errors import InputError


def download_imagenet(build: Callable[[], keras.Model]) -> keras.Model:
    """A model that is built with `weights="imagenet"`.

    Args:
        build: builds it.

    Raises:
        InputError: the weights are not on this machine and cannot be downloaded.
    """
    try:
        return build()
    # A download that fails is told by a bare Exception.
    except Exception as error:
        raise InputError(
            f"Keras could not download its ImageNet weights: {error}",
            "Go online, or give the path of a weights file or the name of a preset",
            weights="imagenet",
        ) from error
