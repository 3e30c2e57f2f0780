"""Messages between a process and its workers: a JSON header and arrays.

No pickle: a message can hold nothing but text, numbers and the bytes of arrays.
"""

from __future__ import annotations

import io
import json
import os
import struct
from typing import IO, Any

import numpy as np

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images.loading import load_image, named_source
from keras_imgdesc.images.sources import image_name, is_file, plain_source

_LENGTH = struct.Struct("<Q")


def encode(
    header: dict[str, Any], arrays: dict[str, np.ndarray] | None = None
) -> bytes:
    """Encode a message.

    Args:
        header: what JSON can hold.
        arrays: arrays of numbers by name, of any shape and dtype.
    """
    arrays = arrays or {}
    shapes = [[name, x.dtype.str, list(x.shape)] for name, x in arrays.items()]
    text = json.dumps([header, shapes]).encode()
    parts = [np.ascontiguousarray(x).tobytes() for x in arrays.values()]
    return b"".join([_LENGTH.pack(len(text)), text, *parts])


def receive(file: IO[bytes]) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
    """Read a message.

    Args:
        file: a binary file that `encode` was written to.

    Returns:
        The header and the arrays; None where the file ends, also within a message.
    """
    try:
        (length,) = _LENGTH.unpack(_read(file, _LENGTH.size))
        header, shapes = json.loads(_read(file, length))
        arrays = {}
        for name, kind, shape in shapes:
            array = np.empty(shape, np.dtype(kind))
            array.reshape(-1).view(np.uint8)[:] = np.frombuffer(
                _read(file, array.nbytes), np.uint8
            )
            arrays[name] = array
    except EOFError:
        return None
    return header, arrays


def encode_source(source: Any) -> bytes:
    """Encode an image that `load_image` takes.

    A path stays a path, which the worker reads. File objects become their contents,
    Pillow images and tensors become arrays.

    Raises:
        ImageError: it is not a path and cannot be read.
    """
    if isinstance(source, str | os.PathLike):
        return encode({"path": os.fsdecode(source)})
    if isinstance(source, bytes | bytearray | memoryview):
        return encode({}, {"content": np.frombuffer(source, np.uint8)})
    if is_file(source):
        with named_source(source):
            content = plain_source(source)
        name = str(image_name(source))
        return encode({"name": name}, {"content": np.frombuffer(content, np.uint8)})
    return encode({}, {"image": load_image(source)})


def decode_source(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
    """Return the image that `encode_source` was given, read as far as it was."""
    if "path" in header:
        return header["path"]
    if "content" not in arrays:
        return arrays["image"]
    content = arrays["content"].tobytes()
    if "name" not in header:
        return content
    file = io.BytesIO(content)
    file.name = header["name"]  # type: ignore[attr-defined]
    return file


def encode_error(error: ImageError) -> bytes:
    """Encode the error of an image."""
    received = {name: _plain(value) for name, value in error.received.items()}
    return encode({"rule": error.rule, "remedy": error.remedy, "received": received})


def decode_error(header: dict[str, Any]) -> ImageError:
    """Return an error with the message of the one that `encode_error` was given."""
    received = {
        name: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
        for name, value in header["received"].items()
    }
    return ImageError(header["rule"], header["remedy"], **received)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return value if isinstance(value, str | int | float | None) else str(value)


def _read(file: IO[bytes], count: int) -> bytes:
    content = file.read(count)
    if len(content) < count:
        raise EOFError
    return content
