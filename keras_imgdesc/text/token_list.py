"""The base of the vocabularies."""

from __future__ import annotations

import os
from typing import Any, Self

from keras_imgdesc.atomic_files import write_atomically


class TokenList:
    """Base of the vocabularies: a tuple of tokens, saved as one token per line.

    Attributes:
        tokens: the tokens; the index of a token is its id.
        unk_id: the id of everything that is not in the list.
    """

    tokens: tuple[str, ...]
    unk_id: int
    _ids: dict[str, int]

    def id_of(self, token: str) -> int:
        """Return the id of a token, or `unk_id` if it is not in the vocabulary."""
        return self._ids.get(token, self.unk_id)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one token per line in UTF-8, the complete file or nothing."""
        write_atomically(path, "".join(f"{token}\n" for token in self.tokens))

    def get_config(self) -> dict[str, list[str]]:
        """Return the argument of the constructor, ready for JSON."""
        return {"tokens": list(self.tokens)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Build the vocabulary whose `get_config` returned `config`."""
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
