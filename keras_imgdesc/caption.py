"""A caption and its probability."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from keras_imgdesc.splitting import words_of


@dataclass(frozen=True, eq=False)
class Caption:
    """A caption and its probability.

    Attributes:
        text: the words, separated by spaces; see `split`.
        log_prob: log P(caption | image), including the end token: the sum of
            `token_log_probs`.
        token_ids: int32 (tokens,), the words and the end token; a caption that was cut
            at the maximum length has no end token.
        token_log_probs: float32 (tokens,), natural logarithms.
        attention: float32 (tokens, rows, columns), one attention map per token. A map
            sums to at most 1; the sentinel has the rest. None unless requested.
        split: how the captioner splits texts, see `CaptionTokenizer`: by
            `"characters"`, the text of Chinese, Japanese and Thai has no spaces.
        damaged: whether data of the image are missing, see `load_image`.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc import Caption
    >>> caption = Caption("a dog", -0.5, np.array([4, 5, 3]), np.full(3, -0.5 / 3))
    >>> print(caption)
    a dog
    >>> caption.words
    ['a', 'dog']
    """

    text: str
    log_prob: float
    token_ids: np.ndarray = field(repr=False)
    token_log_probs: np.ndarray = field(repr=False)
    attention: np.ndarray | None = field(default=None, repr=False)
    split: str = field(default="words", repr=False)
    damaged: bool = False

    def __str__(self) -> str:
        return self.text

    @property
    def words(self) -> list[str]:
        """The list of words, in the order of `token_ids`."""
        return words_of(self.text, self.split)
