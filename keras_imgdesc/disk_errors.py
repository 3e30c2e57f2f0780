"""What the disk refuses, as an error that names the path."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from keras_imgdesc.errors import InputError


def disk_error(
    error: BaseException,
    path: str | os.PathLike[str] | None = None,
    rule: str = "A file or folder could not be used",
) -> InputError:
    """Return an error of the disk as an `InputError`.

    Args:
        error: an `OSError`, or a `tf.errors.OpError`.
        path: path to name if the error does not name one.
        rule: what failed, a sentence without a full stop.

    Example:

    >>> from keras_imgdesc.disk_errors import disk_error
    >>> full = OSError(28, "No space left on device")
    >>> print(disk_error(full, "index").rule)
    A file or folder could not be used: No space left on device
    """
    if isinstance(error, OSError):
        # HDF5's own text has the temporary path in it.
        reason = os.strerror(error.errno) if error.errno else str(error)
        path = error.filename if error.filename is not None else path
    else:  # Strip the node names that TensorFlow adds.
        text = getattr(error, "message", None) or str(error)
        reason = re.sub(r"\{\{.*?\}\} ?| ?\[Op:\w+\]", "", text)
    return InputError(
        f"{rule}: {reason}",
        "Check that the path exists, is writable and that the disk is not full",
        **({} if path is None else {"path": path}),
    )


@contextmanager
def disk_errors_as_input_errors(
    path: str | os.PathLike[str], what: str = "The export"
) -> Iterator[None]:
    """Turn errors of the disk, from Python or TensorFlow, into an `InputError`.

    Args:
        path: path of what is written, for the message.
        what: what is written, the subject of the message.

    Raises:
        InputError: instead of an `OSError` or a `tf.errors.OpError`.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        cause: BaseException | None = error
        # TensorFlow Datasets raises errors of its own from those of the disk.
        while cause is not None and not isinstance(cause, _kinds()):
            cause = cause.__cause__
        if cause is None:
            raise
        if isinstance(cause, OSError):
            cause.filename = None  # a temporary one
        raise disk_error(cause, path, f"{what} could not be written") from error


def _kinds() -> tuple[type[BaseException], ...]:
    # Without importing TensorFlow: nobody else raises its errors.
    tensorflow: Any = sys.modules.get("tensorflow")
    return (OSError,) if tensorflow is None else (OSError, tensorflow.errors.OpError)
