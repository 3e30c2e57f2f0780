"""Texts that are wrong for images, to train discriminators with."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.text.right_texts import RightTexts


class WrongTexts:
    """Choose a text that is wrong for each image of a batch.

    A text is wrong for an image if it equals no caption of the image and, where images
    have classes, no caption of an image of its class.

    Args:
        owner: int (captions,), the image of each caption.
        text: int (captions,), the row of each caption among the different texts.
        text_id: int (texts,), equal for equal texts; see `number_texts`.
        labels: int (images,), the class of each image; None for no classes.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting.learning.wrong_texts import WrongTexts
    >>> wrong = WrongTexts([0, 1, 2], [0, 1, 1], [7, 8])
    >>> wrong([0, 1, 2], [0, 1, 1], np.random.default_rng(0)).tolist()
    [1, 0, 0]
    """

    def __init__(self, owner: Any, text: Any, text_id: Any, labels: Any = None) -> None:
        owner, self.text_id = np.asarray(owner), np.asarray(text_id)
        images = np.arange(owner.max(initial=-1) + 1)
        self.kinds = images if labels is None else np.asarray(labels)
        self.is_right = RightTexts(self.kinds[owner], self.text_id[np.asarray(text)])

    def __call__(
        self, rows: Any, text: Any, generator: np.random.Generator
    ) -> np.ndarray:
        """Choose a text for each image: of the batch, or else of all texts.

        Args:
            rows: int (batch,), images.
            text: int (batch,), rows of the texts of these images.
            generator: source of the choice among all texts.

        Returns:
            int (batch,), rows of texts; -1 where no text is wrong.
        """
        rows, text = np.asarray(rows), np.asarray(text)
        is_right = self.is_right(self.kinds[rows], self.text_id[text])
        places = np.arange(len(rows))
        found = np.full(len(rows), -1)
        for shift in range(1, len(rows)):
            if (found >= 0).all():
                break
            others = (places + shift) % len(rows)
            is_new = (found < 0) & ~is_right[places, others]
            found = np.where(is_new, text[others], found)
        for place in np.flatnonzero(found < 0):
            wrong = self.of_image(rows[place])
            if len(wrong):
                found[place] = generator.choice(wrong)
        return found

    def of_image(self, row: int) -> np.ndarray:
        """Return the rows of all texts that are wrong for an image, int (n,)."""
        return np.flatnonzero(~self.is_right(self.kinds[[row]], self.text_id)[0])
