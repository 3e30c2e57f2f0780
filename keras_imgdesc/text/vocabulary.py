"""The words that a model knows, and their ids."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from keras_imgdesc.errors import InputError
from keras_imgdesc.splitting import (
    UnsplitCaptions,
    check_split,
    split_characters,
)
from keras_imgdesc.text.token_files import read_tokens, without_contents
from keras_imgdesc.text.token_list import TokenList

PAD, UNK, START, END = SPECIAL_TOKENS = ("", "[UNK]", "[START]", "[END]")

Standardize = Callable[[list[str]], Sequence[str]]

# Captions are standardized in batches: one call of a TensorFlow operation per caption
# would take minutes, and a stream need not fit into memory.
_BATCH = 8192


class Vocabulary(TokenList):
    """An ordered list of words; the index of a token is its id.

    Ids 0 to 3 are the padding `""`, `"[UNK]"`, `"[START]"` and `"[END]"`. The words
    follow, the most frequent first.

    Importing this module does not import TensorFlow. Only `build` without
    `standardize` does, for the standardization of the tokenizer.

    Args:
        tokens: the words in the order of their ids: unique, non-empty strings without
            white space. The four special tokens may come first, as in
            `Vocabulary.tokens`; otherwise they are added.

    Attributes:
        tokens: tuple of all tokens, the special ones first.
        pad_id, unk_id, start_id, end_id: ids of the special tokens.

    Raises:
        InputError: a token is empty, has white space, occurs twice, or is a special
            token in the wrong position.

    Example:

    >>> from keras_imgdesc.text.vocabulary import Vocabulary
    >>> vocabulary = Vocabulary(["a", "dog", "runs"])
    >>> len(vocabulary), vocabulary.id_of("dog"), vocabulary.id_of("zebra")
    (7, 5, 1)
    >>> captions = ["a dog runs", "a dog sleeps", "a cat"]
    >>> Vocabulary.build(captions, min_count=2, standardize=list).tokens[4:]
    ('a', 'dog')
    """

    pad_id, unk_id, start_id, end_id = range(4)

    def __init__(self, tokens: Sequence[str]) -> None:
        words = tuple(tokens)
        if words[: len(SPECIAL_TOKENS)] == SPECIAL_TOKENS:
            words = words[len(SPECIAL_TOKENS) :]
        _check_words(words)
        self.tokens: tuple[str, ...] = SPECIAL_TOKENS + words
        self._ids = {token: index for index, token in enumerate(self.tokens)}
        if len(self._ids) < len(self.tokens):
            repeated = [token for token, n in Counter(self.tokens).items() if n > 1]
            raise InputError(
                "A vocabulary must have each token once",
                "Remove the repeated tokens",
                repeated=repeated[:5],
            )
        # Vocabularies of earlier versions may have words in decomposed form.
        for index, token in enumerate(self.tokens):
            self._ids.setdefault(unicodedata.normalize("NFC", token), index)

    def word_ids(self) -> dict[str, int]:
        """Return the ids of all words, as `standardize` writes them."""
        composed = {unicodedata.normalize("NFC", token) for token in self.tokens}
        special = set(SPECIAL_TOKENS)
        return {
            word: index
            for word, index in self._ids.items()
            if word in composed and word not in special
        }

    @classmethod
    def build(
        cls,
        captions: Iterable[str],
        min_count: int = 1,
        max_size: int | None = None,
        standardize: Standardize | None = None,
        split: str = "words",
    ) -> Vocabulary:
        """Count the words of captions and keep the frequent ones.

        Words of the same count are in alphabetical order: the vocabulary does not
        depend on the order of the captions.

        Args:
            captions: raw captions, a list or a stream.
            min_count: least number of occurrences of a word that is kept; 1 or more.
            max_size: greatest number of tokens, including the four special ones; None
                means no limit.
            standardize: function from a list of raw captions to their words separated
                by spaces. None means that of the tokenizer (imports TensorFlow);
                `list` is for captions that are already standardized.
            split: `"words"`, or `"characters"` for Chinese, Japanese and Thai; see
                `CaptionTokenizer`.

        Warns:
            UserWarning: nearly all captions are of a script without spaces, and count
                as one word each.

        Raises:
            InputError: a caption is not a string, no word occurs often enough, or a
                limit is out of range.
        """
        _check_limits(min_count, max_size)
        counts = count_words(captions, standardize, split)
        return cls.of_counts(counts, min_count, max_size)

    @classmethod
    def of_counts(
        cls, counts: Mapping[str, int], min_count: int = 1, max_size: int | None = None
    ) -> Vocabulary:
        """Build a vocabulary of the frequent words among counted ones.

        Args:
            counts: number of occurrences of each word, as from `count_words`.
            min_count, max_size: as in `build`.

        Raises:
            InputError: no word occurs often enough, or a limit is out of range.
        """
        _check_limits(min_count, max_size)
        kept = [word for word, count in counts.items() if count >= min_count]
        if not kept:
            raise InputError(
                "A word must occur at least `min_count` times",
                "Use a smaller min_count, or check the captions",
                min_count=min_count,
                different_words=len(counts),
            )
        kept.sort(key=lambda word: (-counts[word], word))
        room = None if max_size is None else max_size - len(SPECIAL_TOKENS)
        return cls(kept[:room])

    def extended(self, words: Sequence[str]) -> Vocabulary:
        """Return a vocabulary with further words; the ids of this one stay.

        Raises:
            InputError: a word is unsuitable, or in the vocabulary already.
        """
        return type(self)([*self.tokens, *words])

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Load a file that `save` wrote.

        Args:
            path: the file, one token per line in UTF-8.

        Raises:
            InputError: the file cannot be read, is too large or not UTF-8, does not
                start with the special tokens, or has a token twice. The message names
                the file and shows none of its contents.
        """
        tokens = read_tokens(path)
        if tuple(tokens[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise InputError(
                "The file must start with an empty line, [UNK], [START] and [END]",
                "Use a file that `Vocabulary.save` wrote",
                file=str(path),
            )
        with without_contents(path):
            return cls(tokens)


def count_words(
    captions: Iterable[str],
    standardize: Standardize | None = None,
    split: str = "words",
) -> Counter[str]:
    """Count the words of captions.

    Args:
        captions: raw captions, a list or a stream.
        standardize, split: as in `Vocabulary.build`.

    Warns:
        UserWarning: as in `Vocabulary.build`.

    Raises:
        InputError: a caption is not a string.
    """
    if isinstance(captions, str):
        raise InputError(
            "`captions` must be several strings",
            "Pass a list of captions",
            captions=captions,
        )
    if standardize is None:
        # Imported late: TensorFlow takes seconds to load.
        from keras_imgdesc.text.standardization import standardize_list

        standardize = standardize_list
    counts: Counter[str] = Counter()
    unsplit = UnsplitCaptions()
    is_by_character = check_split(split) == "characters"
    for batch in _batches(captions):
        for caption in standardize(batch):
            words = caption.split()
            if is_by_character:
                words = split_characters(words)
            counts.update(words)
            unsplit.add(caption, words)
    unsplit.warn()
    return counts


def _check_limits(min_count: int, max_size: int | None) -> None:
    if min_count < 1:
        raise InputError(
            "`min_count` must be at least 1",
            "Use 1 to keep every word",
            min_count=min_count,
        )
    if max_size is not None and max_size <= len(SPECIAL_TOKENS):
        raise InputError(
            "`max_size` must leave room for words",
            f"Use more than {len(SPECIAL_TOKENS)}, which the special tokens take",
            max_size=max_size,
        )


def _check_words(words: Sequence[str]) -> None:
    for index, word in enumerate(words):
        # split() finds all white space, including the kinds that would break the file.
        if not isinstance(word, str) or word.split() != [word]:
            raise InputError(
                "A word must be a non-empty string without white space",
                "Split texts into words first",
                word=word,
                index=index,
            )
        if word in SPECIAL_TOKENS:
            raise InputError(
                "The four special tokens must come first, in order",
                f"Start with {list(SPECIAL_TOKENS)} or omit them",
                word=word,
                index=index,
            )


def _batches(captions: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(captions)
    while batch := list(islice(iterator, _BATCH)):
        for caption in batch:
            if not isinstance(caption, str):
                raise InputError(
                    "A caption must be a string",
                    "Pass one string per caption",
                    caption=caption,
                )
        yield batch
