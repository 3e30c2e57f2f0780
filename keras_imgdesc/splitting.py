"""Scripts without spaces: splitting words into characters, and joining them again.

Nothing here imports TensorFlow. `standardization.py` and the web page split by the same
table.
"""

from __future__ import annotations

import unicodedata
import warnings
from bisect import bisect
from collections.abc import Iterable, Sequence

from keras_imgdesc.errors import InputError

SPLITS = ("words", "characters")

# Letters and numbers, without marks, which belong to the letter before them.
UNSPACED = (
    # Thai, Lao
    *((0xE01, 0xE30), (0xE32, 0xE33), (0xE40, 0xE46), (0xE50, 0xE59), (0xE81, 0xE82)),
    *((0xE84, 0xE84), (0xE86, 0xE8A), (0xE8C, 0xEA3), (0xEA5, 0xEA5), (0xEA7, 0xEB0)),
    *((0xEB2, 0xEB3), (0xEBD, 0xEBD), (0xEC0, 0xEC4), (0xEC6, 0xEC6), (0xED0, 0xED9)),
    (0xEDC, 0xEDF),
    # Burmese
    *((0x1000, 0x102A), (0x103F, 0x1049), (0x1050, 0x1055), (0x105A, 0x105D)),
    *((0x1061, 0x1061), (0x1065, 0x1066), (0x106E, 0x1070), (0x1075, 0x1081)),
    *((0x108E, 0x108E), (0x1090, 0x1099)),
    # Khmer
    *((0x1780, 0x17B3), (0x17D7, 0x17D7), (0x17DC, 0x17DC), (0x17E0, 0x17E9)),
    (0x17F0, 0x17F9),
    # Chinese and Japanese
    *((0x3005, 0x3007), (0x3031, 0x3035), (0x303B, 0x303C), (0x3041, 0x3096)),
    *((0x309D, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x3105, 0x312F)),
    *((0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF)),
    *((0xF900, 0xFA6D), (0xFA70, 0xFAD9), (0xFF66, 0xFF9F), (0x1B000, 0x1B122)),
    *((0x1B150, 0x1B152), (0x1B164, 0x1B167), (0x20000, 0x3FFFD)),
)
_FIRSTS = [first for first, _ in UNSPACED]

# A word of more characters is a clause that nobody has split.
_LONGEST_WORD = 7
_UNKNOWN = "[UNK]"
# Share of captions above which a warning says so.
_MOST = 0.8


def check_split(split: str) -> str:
    """Return how texts are split, having checked it.

    Raises:
        InputError: it is neither `"words"` nor `"characters"`.
    """
    if split not in SPLITS:
        raise InputError(
            "split must be 'words' or 'characters'",
            "Use 'characters' for Chinese, Japanese and Thai, otherwise 'words'",
            split=split,
        )
    return split


def split_characters(words: Iterable[str]) -> list[str]:
    """Split words of scripts without spaces into characters.

    Marks stay with their letter, and words of other scripts stay whole.

    Args:
        words: standardized words.

    Example:

    >>> from keras_imgdesc.splitting import split_characters
    >>> split_characters(["两只dog在跑", "größe"])
    ['两', '只', 'dog', '在', '跑', 'größe']
    """
    found: list[str] = []
    for word in words:
        part = ""
        for character in word:
            is_mark = unicodedata.category(character)[0] == "M"
            begins = is_unspaced(character) or is_unspaced(part[:1])
            if part and begins and not is_mark:
                found.append(part)
                part = ""
            part += character
        found.append(part)
    return found


def join_words(words: Iterable[str], split: str = "words") -> str:
    """Write words as a text.

    Args:
        words: the words.
        split: how they were split. Characters of scripts without spaces are written
            without spaces around them.

    Example:

    >>> from keras_imgdesc.splitting import join_words
    >>> join_words(["两", "只", "red", "dog", "在", "跑"], "characters")
    '两只red dog在跑'
    """
    if split == "words":
        return " ".join(words)
    text, last = "", ""
    for word in words:
        has_space = text and not (is_unspaced(last[:1]) or is_unspaced(word[:1]))
        text += f" {word}" if has_space else word
        last = word
    return text


def words_of(text: str, split: str = "words") -> list[str]:
    """Return the words that `join_words` wrote as a text."""
    words = text.split()
    if split == "words":
        return words
    # The unknown word has no boundary to a letter of another script.
    spaced = text.replace(_UNKNOWN, f" {_UNKNOWN} ")
    return [
        part
        for word in spaced.split()
        for part in ([word] if word == _UNKNOWN else split_characters([word]))
    ]


def is_unspaced(character: str) -> bool:
    """Return whether a character is a letter or number of a script without spaces.

    Args:
        character: one character, or none.
    """
    if not character:
        return False
    code = ord(character)
    place = bisect(_FIRSTS, code) - 1
    return place >= 0 and code <= UNSPACED[place][1]


class UnsplitCaptions:
    """Count captions in which words of scripts without spaces are not split."""

    def __init__(self) -> None:
        self.captions = self.unsplit = 0

    def add(self, text: str, words: Sequence[str]) -> None:
        """Count a caption.

        Args:
            text: the standardized caption.
            words: its words.
        """
        self.captions += bool(words)
        if text.isascii():
            return
        longest = 1 if len(words) == 1 else _LONGEST_WORD
        self.unsplit += any(
            len(word) > longest and sum(map(is_unspaced, word)) > longest
            for word in words
        )

    def warn(self) -> None:
        """Warn if nearly all captions are unsplit."""
        if self.unsplit > _MOST * self.captions:
            warnings.warn(
                f"{self.unsplit} of {self.captions} captions are in a script without "
                "spaces, such as Chinese, Japanese or Thai: each counts as one word. "
                'Set split="characters", or write spaces between words.',
                UserWarning,
                stacklevel=4,
            )
