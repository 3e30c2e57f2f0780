"""What an image may be given as, and what is in it: a path, bytes or an array."""

from __future__ import annotations

import io
import os
import threading
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
from PIL import Image

from keras_imgdesc.errors import ImageError

# Longer bytes are no path on any system.
_LONGEST_PATH = 4096

# The position of a file is shared by all threads that read it.
_reading = threading.Lock()


class SupportsArray(Protocol):
    """Anything that NumPy can convert, such as a tensor."""

    def __array__(self) -> np.ndarray: ...


def is_file(source: object) -> bool:
    """Return whether `source` is a file object, such as an open file or `BytesIO`."""
    return hasattr(source, "read") and not isinstance(source, os.PathLike)


def is_array_like(source: object) -> bool:
    """Return whether NumPy can convert `source`: an array, or a tensor of any library.

    A NumPy scalar, such as `numpy.str_`, is not an array.
    """
    return hasattr(source, "__array__") and not isinstance(source, np.generic)


def holds_objects(array: Any) -> bool:
    """Return whether an array or tensor holds strings or objects, and no numbers."""
    dtype = getattr(array, "dtype", None)
    if dtype is None:
        dtype = np.asarray(array).dtype
    is_of_strings = getattr(dtype, "name", None) == "string"  # as TensorFlow's
    return is_of_strings or getattr(dtype, "kind", None) in ("U", "S", "O", "T")


def path_or_content(value: bytes) -> str | bytes:
    """Return a string of a tensor as a path, or unchanged if it is that of a file.

    A path is UTF-8 without zeros, which the content of no image file is.
    """
    if not value or b"\0" in value or len(value) > _LONGEST_PATH:
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def plain_source(source: Any) -> Any:
    """Return what a file object, tensor or array of one string holds.

    Args:
        source: an image, as `load_image` takes it.

    Returns:
        Bytes for a file object, a path or bytes for a string, an array for a tensor;
        anything else unchanged.

    Raises:
        ImageError: the file object gives no bytes, or the tensor has no values.
    """
    if isinstance(source, str | os.PathLike | bytes | bytearray | memoryview):
        return source
    if isinstance(source, Image.Image):
        return source
    if is_file(source):
        return _content(source)
    if not is_array_like(source):
        return source
    try:
        array = np.asarray(source)
    # Each library raises another exception.
    except Exception as error:
        raise ImageError(
            "A tensor must have values",
            "Call this outside of a graph, with an array",
            type=type(source).__name__,
        ) from error
    if array.ndim or not holds_objects(array):
        return array
    element = array.item()
    if isinstance(element, bytes):
        return path_or_content(element)
    return element if element is source else plain_source(element)


def _content(file: Any) -> bytes:
    """Read a file object from its start, or onward if it has no positions."""
    try:
        with _reading:
            with suppress(AttributeError, io.UnsupportedOperation):
                file.seek(0)
            content = file.read()
    except Exception as error:
        raise ImageError(
            "A file object must be open for reading, in binary mode",
            "Use open(path, 'rb')",
            reason=f"{type(error).__name__}: {error}",
        ) from error
    if not isinstance(content, bytes | bytearray | memoryview):
        raise ImageError(
            "A file object must be open in binary mode",
            "Use open(path, 'rb')",
            read=type(content).__name__,
        )
    return bytes(content)


def image_name(source: object) -> object:
    """Return what an error calls an image: its path, or what else it is."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return f"{len(source)} bytes"
    if is_file(source):
        name = getattr(source, "name", None)
        return name if isinstance(name, str) else type(source).__name__
    if is_array_like(source) and hasattr(source, "shape") and hasattr(source, "dtype"):
        dtype = getattr(source.dtype, "name", source.dtype)
        is_array = isinstance(source, np.ndarray)
        kind = "array" if is_array else type(source).__name__
        return f"{source.dtype if is_array else dtype} {kind} of shape {source.shape}"
    return source
