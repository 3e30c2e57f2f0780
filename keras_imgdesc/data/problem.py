"""A problem that a reader met in a data set."""

from __future__ import annotations

from dataclasses import dataclass

from keras_imgdesc.printable import cut, printable


@dataclass(frozen=True)
class Problem:
    """Something that a reader omitted or refused.

    As a string it is one printable line of limited length; the fields are what the
    file has.

    Args:
        kind: kind of the problem, such as `"missing image"`; equal problems have
            equal kinds.
        name: the file, id or line concerned.
        detail: what was found there; may be empty.

    Example:

    >>> from keras_imgdesc.data import Problem
    >>> print(Problem("missing image", "a.jpg", "not in photos"))
    missing image: a.jpg (not in photos)
    """

    kind: str
    name: str
    detail: str = ""

    def __str__(self) -> str:
        detail = f" ({cut(self.detail)})" if self.detail else ""
        return printable(f"{self.kind}: {cut(self.name)}{detail}")
