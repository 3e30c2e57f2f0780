"""The word pieces that a BERT knows, and their ids."""

from __future__ import annotations

from collections.abc import Sequence

from keras_imgdesc.errors import InputError
from keras_imgdesc.text.token_list import TokenList

PAD, UNK, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"


class WordPieceVocabulary(TokenList):
    """An ordered list of word pieces; the index of a piece is its id.

    Unlike in a `Vocabulary`, the special tokens have the ids that the BERT was trained
    with; only `"[PAD]"` is always 0.

    Args:
        tokens: the pieces in the order of their ids. Pieces that continue a word begin
            with `##`.

    Attributes:
        tokens: tuple of all of them.
        pad_id, unk_id, start_id, end_id: ids of `"[PAD]"`, `"[UNK]"`, `"[CLS]"` and
            `"[SEP]"`.

    Raises:
        InputError: a special token is missing, padding is not the first token, or a
            piece occurs twice or has white space.

    Example:

    >>> from keras_imgdesc.text import WordPieceVocabulary
    >>> pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "dog", "##s"]
    >>> vocabulary = WordPieceVocabulary(pieces)
    >>> len(vocabulary), vocabulary.id_of("##s"), vocabulary.id_of("cat")
    (6, 5, 1)
    """

    pad_id = 0

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens: tuple[str, ...] = tuple(tokens)
        self._ids = {token: index for index, token in enumerate(self.tokens)}
        missing = [t for t in (PAD, UNK, START, END) if t not in self._ids]
        if missing or self._ids[PAD] != self.pad_id:
            raise InputError(
                f"A BERT's vocabulary must start with {PAD} and have {UNK}, {START} "
                f"and {END}",
                "Use the vocabulary file that belongs to the model",
                missing=missing,
                first=self.tokens[:1],
            )
        wrong = [t for t in self.tokens if t.split() != [t]]
        if wrong or len(self._ids) < len(self.tokens):
            raise InputError(
                "A vocabulary must have each piece once, without white space",
                "Use the vocabulary file that belongs to the model",
                with_white_space=wrong[:5],
                tokens=len(self.tokens),
                different=len(self._ids),
            )
        self.unk_id, self.start_id, self.end_id = (
            self._ids[token] for token in (UNK, START, END)
        )
