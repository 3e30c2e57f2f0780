"""The number of captions of each image."""

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError


def caption_counts(collection: CaptionCollection) -> np.ndarray:
    """Return the number of captions of each image, int (images,), at least 1.

    Raises:
        InputError: an image has no caption.
    """
    for example in collection:
        if not example.captions:
            raise InputError(
                "Every training image must have a caption",
                "Give the image a caption, or leave it out",
                image=example.image_id,
            )
    return np.array([len(example.captions) for example in collection])
