"""Which texts are right for which images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.text.standardization import standardize_list


def number_texts(texts: Sequence[str]) -> np.ndarray:
    """Number texts so that equal texts, and only those, have equal numbers.

    Texts are equal if `standardize` makes them equal: case and punctuation do not
    count.

    Args:
        texts: any number of texts.

    Returns:
        int32 (texts,), from 0 in the order of first appearance.

    Example:

    >>> from keras_imgdesc.text.right_texts import number_texts
    >>> number_texts(["A dog.", "a cat", "a dog"]).tolist()
    [0, 1, 0]
    """
    number: dict[str, int] = {}
    if not len(texts):
        return np.zeros(0, np.int32)
    plain = standardize_list(list(texts))
    return np.array([number.setdefault(t, len(number)) for t in plain], np.int32)


class RightTexts:
    """Whether texts are right for images.

    A text is right for an image if it equals one of the image's own captions, even if
    it was written for another image.

    Args:
        owner: int (captions,), the image of each caption.
        text_id: int (captions,), equal for equal captions; see `number_texts`.

    Example:

    >>> from keras_imgdesc.text.right_texts import RightTexts
    >>> right = RightTexts([0, 0, 1], [7, 8, 8])
    >>> right([0, 1], [7, 8]).tolist()
    [[True, True], [False, True]]
    """

    def __init__(
        self, owner: Sequence[int] | np.ndarray, text_id: Sequence[int] | np.ndarray
    ) -> None:
        ids = np.asarray(text_id, np.int64)
        self._factor = int(ids.max(initial=0)) + 1
        self._pairs = np.unique(np.asarray(owner, np.int64) * self._factor + ids)

    def __call__(
        self, images: Sequence[int] | np.ndarray, text_id: Sequence[int] | np.ndarray
    ) -> np.ndarray:
        """Return whether each text is right for each image, bool (images, texts).

        Args:
            images: int (images,), images as in `owner`.
            text_id: int (texts,), numbers as in `number_texts`.
        """
        return self.pairs(np.asarray(images)[:, None], np.asarray(text_id)[None])

    def pairs(self, image: np.ndarray, text_id: np.ndarray) -> np.ndarray:
        """Return whether a text is right for an image, bool, for arrays of pairs.

        Args:
            image, text_id: int, of shapes that broadcast.
        """
        if not len(self._pairs):
            return np.zeros(np.broadcast_shapes(image.shape, text_id.shape), bool)
        pairs = image.astype(np.int64) * self._factor + text_id
        places = np.minimum(np.searchsorted(self._pairs, pairs), len(self._pairs) - 1)
        is_caption = (text_id >= 0) & (text_id < self._factor)
        return is_caption & (self._pairs[places] == pairs)
