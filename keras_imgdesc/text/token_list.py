"""Tokens in the order of their ids."""

from __future__ import annotations

import os
from typing import Any, Self

from keras_imgdesc.atomic_files import write_atomically


class TokenList:
    """What vocabularies have in common: a tuple of tokens, kept a token a line.

    Attributes:
        tokens: the place of a token is its id.
        unk_id: of what is not in the list.
    """

    tokens: tuple[str, ...]
    unk_id: int
    _ids: dict[str, int]

    def id_of(self, token: str) -> int:
        """The id of a token; that of `"[UNK]"` if it is not in the vocabulary."""
        return self._ids.get(token, self.unk_id)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes one token a line in UTF-8; the file appears complete or not at all."""
        write_atomically(path, "".join(f"{token}\n" for token in self.tokens))

    def get_config(self) -> dict[str, list[str]]:
        """The argument of the constructor, ready for JSON."""
        return {"tokens": list(self.tokens)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Builds the vocabulary that gave `config` in `get_config`."""
        return cls(**config)

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.tokens == other.tokens  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.tokens)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} tokens>"
