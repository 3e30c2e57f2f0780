"""Several versions of each image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import ImageError
from keras_imgdesc.images import load_image, resize_image
from keras_imgdesc.images.stamps import image_stamp
from keras_imgdesc.training.inputs.augmentation import Augmentation, augment


class ImageViews(Sequence):
    """The images of a collection, each followed by augmented versions of it.

    A version is made on access and depends on the seed and its position only, so that
    features of all versions can be computed without holding the images in memory.

    Args:
        collection: images.
        views: versions per image; the first is the unchanged image.
        how: changes of the other versions.
        image_size: side of an augmented version, in pixels.
        seed: seed of the changes.
    """

    def __init__(
        self,
        collection: CaptionCollection,
        views: int,
        how: Augmentation,
        image_size: int,
        seed: int,
    ) -> None:
        self.collection, self.views, self.how = collection, views, how
        self.image_size, self.seed = image_size, seed

    @property
    def names(self) -> list[str]:
        """Image id and version number of each item, such as `"1000268201.jpg#2"`."""
        return [f"{e.image_id}#{v}" for e in self.collection for v in range(self.views)]

    @property
    def image_ids(self) -> list[str]:
        """The id of the image that each item is a version of."""
        return [e.image_id for e in self.collection for _ in range(self.views)]

    @property
    def stamps(self) -> list[str]:
        """The `image_stamp` of the image that each item is a version of."""
        stamps = [image_stamp(example.source) for example in self.collection]
        return [stamp for stamp in stamps for _ in range(self.views)]

    def __len__(self) -> int:
        return len(self.collection) * self.views

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._view(i) for i in range(*index.indices(len(self)))]
        return self._view(range(len(self))[index])

    def _view(self, position: int) -> Any:
        number, view = divmod(position, self.views)
        source = self.collection[number].source
        if view == 0:
            return source
        try:
            image = np.asarray(resize_image(load_image(source), self.image_size))
        except ImageError:
            return source  # The next reader reports it.
        key = tf.constant([self.seed, position], tf.int64)
        changed = augment(tf.constant(image[None]), key, self.how)[0]
        return tf.cast(tf.round(changed), tf.uint8).numpy()
