"""Disk errors while an export is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from keras_imgdesc.errors import InputError


@contextmanager
def disk_errors_as_input_errors(path: Path) -> Iterator[None]:
    """Turn disk errors of Python and of TensorFlow into an `InputError`.

    Args:
        path: path of the export, for the message.

    Raises:
        InputError: instead of an `OSError` or a `tf.errors.OpError`.
    """
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        if isinstance(error, OSError):
            reason = error.strerror
        else:  # Strip the node names that TensorFlow adds.
            reason = re.sub(r"\{\{.*?\}\} ?| ?\[Op:\w+\]", "", error.message)
        raise InputError(
            f"The export could not be written: {reason or error}",
            "Check that the folder is writable and the disk has room; no partial "
            "files remain",
            path=path,
        ) from error
