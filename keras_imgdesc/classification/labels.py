"""The names of a classifier's classes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

from keras_imgdesc.errors import InputError
from keras_imgdesc.text.token_files import read_tokens, without_contents
from keras_imgdesc.text.token_list import TokenList


class Labels(TokenList):
    """The names of the classes, in the order of the classifier's outputs.

    A name may list synonyms, as `"tabby, tabby cat"`.

    Args:
        tokens: the names: unique, each one line without blanks at its ends.

    Raises:
        InputError: there is no name, or one is empty, occurs twice or has a line break.

    Example:

    >>> from keras_imgdesc.classification import Labels
    >>> labels = Labels(["tabby, tabby cat", "espresso"])
    >>> labels.id_of("espresso"), labels.id_of("tabby cat")
    (1, 0)
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self.tokens: tuple[str, ...] = tuple(tokens)
        if not self.tokens:
            raise InputError("There must be a class", "Give the names of the classes")
        for index, name in enumerate(self.tokens):
            is_line = isinstance(name, str) and name.splitlines() == [name]
            if not is_line or name.strip() != name:
                raise InputError(
                    "The name of a class must be one line, without blanks at its ends",
                    "Rename the class",
                    name=name,
                    index=index,
                )
        repeated = [name for name, n in Counter(self.tokens).items() if n > 1]
        if repeated:
            raise InputError(
                "Each class must have a name of its own",
                "Rename one of the classes",
                repeated=repeated[:5],
            )
        self._ids = {name: index for index, name in enumerate(self.tokens)}
        self._synonyms = _unique_synonyms(self.tokens)

    def id_of(self, token: str) -> int:
        """Return the position of a class.

        Args:
            token: the name of the class, or a synonym in it that no other class has.

        Raises:
            InputError: there is no such class.
        """
        found = self._ids.get(token, self._synonyms.get(token))
        if found is None:
            known = ", ".join(self.tokens[:5])
            more = ", ..." if len(self) > 5 else ""
            raise InputError(
                "The classifier has no such class",
                f"Use the name of a class: {known}{more}",
                label=token,
            )
        return found

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Labels:
        """Load a file that `save` wrote.

        Raises:
            InputError: the file cannot be read or is too large, or a name in it is not
                valid. The message names the file and shows none of its contents.
        """
        tokens = read_tokens(path)
        with without_contents(path):
            return cls(tokens)


def _unique_synonyms(names: tuple[str, ...]) -> dict[str, int]:
    """Return the class of each synonym that only one class has."""
    found: dict[str, set[int]] = {}
    for index, name in enumerate(names):
        for synonym in name.split(","):
            found.setdefault(synonym.strip(), set()).add(index)
    return {word: ids.pop() for word, ids in found.items() if len(ids) == 1}
