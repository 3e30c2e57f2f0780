"""Files of tokens, whoever wrote them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from keras_imgdesc.errors import InputError

# Half a million word pieces, as the largest multilingual vocabularies have, take 6 MB.
_MOST_BYTES = 16 << 20
_MOST_TOKENS = 600_000
_LONGEST_TOKEN = 1000


def read_tokens(path: str | os.PathLike[str]) -> list[str]:
    """Read a file with one token per line, in UTF-8.

    Args:
        path: the file.

    Returns:
        The lines, without their ends.

    Raises:
        InputError: the file cannot be read, is no ordinary file, is not UTF-8, or is
            too large. The message names the file and shows none of its contents.
    """
    try:
        # Opening a pipe would block.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise OSError(None, "no ordinary file")
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(
            "The vocabulary file must be readable",
            "Use a file with one token per line",
            file=os.fspath(path),
            reason=error.strerror,
        ) from error
    return parse_tokens(content, path)


def parse_tokens(
    content: bytes,
    path: str | os.PathLike[str],
    *,
    error: Callable[..., InputError] = InputError,
) -> list[str]:
    """Return the tokens in the contents of a file; see `read_tokens`.

    Args:
        content: the contents.
        path: the file, for error messages.
        error: what makes the error, called like `InputError`.
    """
    remedy = "Use a file with one token per line"
    if len(content) > _MOST_BYTES:
        raise error(
            f"A vocabulary file may have at most {_MOST_BYTES:,} bytes",
            remedy,
            file=os.fspath(path),
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise error(
            "The vocabulary file must be UTF-8",
            "Save it as UTF-8, one token per line",
            file=os.fspath(path),
            byte=problem.start,
        ) from None
    # Not splitlines(): that also splits at characters like U+2028.
    tokens = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    longest = max(map(len, tokens))
    if len(tokens) > _MOST_TOKENS or longest > _LONGEST_TOKEN:
        raise error(
            f"A vocabulary may have at most {_MOST_TOKENS:,} tokens, each of at most "
            f"{_LONGEST_TOKEN:,} characters",
            remedy,
            file=os.fspath(path),
            tokens=len(tokens),
            longest=longest,
        )
    return tokens


@contextmanager
def without_contents(path: str | os.PathLike[str]) -> Iterator[None]:
    """Report errors of a block by naming a file, without what was read from it.

    The file may be any other text in the place of a vocabulary.

    Args:
        path: the file.
    """
    try:
        yield
    except InputError as error:
        numbers = {
            name: value
            for name, value in error.received.items()
            if isinstance(value, int)
        }
        raise InputError(
            error.rule, error.remedy, file=os.fspath(path), **numbers
        ) from None
