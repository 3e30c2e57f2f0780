"""The token ids of the captions of a training, with as many rows as captions."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.text import CaptionTokenizer
from keras_imgdesc.training.inputs.caption_counts import caption_counts


@dataclass(frozen=True, eq=False)
class TokenizedCaptions:
    """Token ids of captions, and the image that each belongs to.

    Attributes:
        token_ids: int32 (captions, length); captions of one image follow each other.
        counts: int (images,), number of captions of each image, at least 1.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.training.captioner.tokenized_captions import (
    ...     TokenizedCaptions,
    ... )
    >>> captions = TokenizedCaptions(np.zeros((4, 6), "int32"), np.array([3, 1]))
    >>> captions.image_of.tolist()
    [0, 0, 0, 1]
    >>> captions.choose(np.array([0, 1]), count=2, epoch=1).tolist()
    [[2, 0], [3, 3]]
    """

    token_ids: np.ndarray
    counts: np.ndarray

    @property
    def num_captions(self) -> int:
        return len(self.token_ids)

    @property
    def num_images(self) -> int:
        return len(self.counts)

    @cached_property
    def first(self) -> np.ndarray:
        """Row of the first caption of each image, int (images,)."""
        return np.cumsum(self.counts) - self.counts

    @cached_property
    def image_of(self) -> np.ndarray:
        """Number of the image of each caption, int (captions,)."""
        return np.repeat(np.arange(self.num_images), self.counts)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Number of tokens of each caption, int (captions,)."""
        return (self.token_ids != 0).sum(axis=1)

    def by_image(self) -> list[np.ndarray]:
        """Return the token ids of each image's captions, int32 (captions, length)."""
        return np.split(self.token_ids, self.first[1:])

    def choose(self, images: np.ndarray, count: int, epoch: int) -> np.ndarray:
        """Choose the captions that represent images in an epoch.

        An image with more captions shows others in the next epoch, all in turn. One
        with fewer repeats some.

        Args:
            images: int (images,), numbers of images.
            count: captions for each image.
            epoch: number of the epoch, from 0.

        Returns:
            Rows of `token_ids`, int (images, count).
        """
        turn = (epoch * count + np.arange(count)) % self.counts[images][:, None]
        return self.first[images][:, None] + turn


def tokenize_captions(
    collection: CaptionCollection, tokenizer: CaptionTokenizer
) -> TokenizedCaptions:
    """Tokenize the captions of every image.

    Args:
        collection: images with captions.
        tokenizer: maps captions to token ids. A caption that it cuts has no end token.

    Raises:
        InputError: an image has no caption.
    """
    counts = caption_counts(collection)
    token_ids = tokenizer(collection.captions(), end_cut=False)
    return TokenizedCaptions(np.asarray(token_ids, np.int32), counts)
