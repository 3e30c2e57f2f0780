"""The words a model knows, and their ids."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from keras_imgdesc.errors import InputError
from keras_imgdesc.text.token_list import TokenList

PAD, UNK, START, END = SPECIAL_TOKENS = ("", "[UNK]", "[START]", "[END]")

Standardize = Callable[[list[str]], Sequence[str]]

# Captions are standardised in batches: one call of a TensorFlow operation for
# each caption would take minutes, and a stream need not fit into memory.
_BATCH = 8192


class Vocabulary(TokenList):
    """An ordered list of tokens; the place of a token is its id.

    Ids 0 to 3 are the padding `""`, `"[UNK]"`, `"[START]"` and `"[END]"`, then
    come the words, the most frequent first.

    This module needs no TensorFlow to import. Only `build` without a
    `standardize` of its own loads the tokenizer's standardisation, so that it is
    written once, and a vocabulary holds exactly what the tokenizer looks up.

    Args:
        tokens: the words in the order of their ids: non-empty strings without
            white space, none twice. The four special tokens may stand before
            them, as in `Vocabulary.tokens`; they are put there otherwise.

    Attributes:
        tokens: tuple of all tokens, the special ones first.

    Raises:
        InputError: a token is empty, has white space in it, occurs twice, or is
            a special one at another place than its own.

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
                "A vocabulary holds each token once",
                "Remove the repeated ones",
                repeated=repeated[:5],
            )

    @classmethod
    def build(
        cls,
        captions: Iterable[str],
        min_count: int = 1,
        max_size: int | None = None,
        standardize: Standardize | None = None,
    ) -> Vocabulary:
        """Counts the words of captions and keeps the frequent ones.

        Words of the same count are in alphabetical order, so that the same
        captions in any order give the same vocabulary.

        Args:
            captions: raw captions, a list or a stream.
            min_count: how often a word must occur to be kept, at least 1.
            max_size: at most this many tokens, the four special ones included.
            standardize: makes a list of raw captions into one of words separated
                by spaces. By default the tokenizer's (loads TensorFlow); `list`
                for captions that are standardised already.

        Raises:
            InputError: a caption is no string, or no word is left.
        """
        if isinstance(captions, str):
            raise InputError(
                "`captions` must be several strings",
                "Put the caption into a list",
                captions=captions,
            )
        if min_count < 1:
            raise InputError("`min_count` must be at least 1", "", min_count=min_count)
        if max_size is not None and max_size <= len(SPECIAL_TOKENS):
            raise InputError(
                "`max_size` must leave room for words",
                f"The special tokens take {len(SPECIAL_TOKENS)} of it",
                max_size=max_size,
            )
        if standardize is None:
            # Imported late: TensorFlow takes seconds to load.
            from keras_imgdesc.text.standardization import standardize_list

            standardize = standardize_list
        counts: Counter[str] = Counter()
        for batch in _batches(captions):
            for caption in standardize(batch):
                counts.update(caption.split())
        kept = [word for word, count in counts.items() if count >= min_count]
        if not kept:
            raise InputError(
                "A vocabulary needs words, and no word is left",
                "Lower `min_count` or look at the captions",
                min_count=min_count,
                different_words=len(counts),
            )
        kept.sort(key=lambda word: (-counts[word], word))
        room = None if max_size is None else max_size - len(SPECIAL_TOKENS)
        return cls(kept[:room])

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Reads what `save` wrote.

        Raises:
            InputError: the file cannot be read, is not UTF-8, does not start with
                the special tokens, or holds a token twice. Names the file.
        """
        try:
            text = Path(path).read_bytes().decode("utf-8")
        except OSError as error:
            raise InputError(
                "The vocabulary file cannot be read",
                "Give a file that `Vocabulary.save` wrote",
                file=str(path),
                reason=error.strerror,
            ) from error
        except UnicodeDecodeError as error:
            raise InputError(
                "The vocabulary file is not UTF-8",
                "Save it as UTF-8, one token a line",
                file=str(path),
                byte=error.start,
            ) from error
        # Not splitlines(): that also splits at characters like U+2028.
        tokens = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
        if tuple(tokens[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise InputError(
                "A vocabulary file starts with an empty line, [UNK], [START], [END]",
                "Give a file that `Vocabulary.save` wrote",
                file=str(path),
                first_lines=tokens[:4],
            )
        try:
            return cls(tokens)
        except InputError as error:
            raise InputError(
                error.rule, error.remedy, file=str(path), **error.received
            ) from error


def _check_words(words: Sequence[str]) -> None:
    for index, word in enumerate(words):
        # split() tells all white space, also the kinds that would break the file.
        if not isinstance(word, str) or word.split() != [word]:
            raise InputError(
                "A word must be a non-empty string without white space",
                "Split the text into words first",
                word=word,
                index=index,
            )
        if word in SPECIAL_TOKENS:
            raise InputError(
                "The special tokens stand before all words, all four in order",
                f"Start with {list(SPECIAL_TOKENS)} or leave them out",
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
                    "Pass one string for each caption",
                    caption=caption,
                )
        yield batch
