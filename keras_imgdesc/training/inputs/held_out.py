"""The images to train on, without those to validate on."""

import logging

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.splitting import without_images
from keras_imgdesc.errors import InputError

LOGGER = logging.getLogger(__name__)


def training_images(
    train: CaptionCollection, validation: CaptionCollection
) -> CaptionCollection:
    """Return the images to train on: those that are not validated on.

    A score on images that were trained on is too high, and selects the wrong epoch. How
    many images are left out is logged.

    Args:
        train, validation: images; see `without_images` for which are the same.

    Raises:
        InputError: one of the two is empty, or no image is left to train on.
    """
    if not len(train) or not len(validation):
        raise InputError(
            "Training needs images to train on and images to validate on",
            "Check the annotations and the folder of images",
            train=len(train),
            validation=len(validation),
        )
    kept = without_images(train, validation)
    count = len(train) - len(kept)
    if not len(kept):
        raise InputError(
            "There must be training images that are not validation images",
            "Name other images for validation, or hold some out: "
            "--validation-fraction 0.1, in Python keras_imgdesc.data.hold_out",
            train=len(train),
            validation=len(validation),
        )
    if count:
        LOGGER.warning(
            "%d of %d training images (%.1f %%) are validation images and are not "
            "trained on",
            *(count, len(train), 100 * count / len(train)),
        )
    return kept
