"""Trouble that a reader met in someone's data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something that a reader left out, or would not accept.

    Args:
        kind: what kind of trouble, the same words each time, such as
            `"missing image"`.
        name: the file, id or line concerned.
        detail: what exactly was found there.

    Example:

    >>> from keras_imgdesc.data import Problem
    >>> print(Problem("missing image", "a.jpg", "not in photos"))
    missing image: a.jpg (not in photos)
    """

    kind: str
    name: str
    detail: str = ""

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.kind}: {self.name}{detail}"
