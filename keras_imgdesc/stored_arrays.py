"""Arrays in files, whoever wrote them: of the expected dtype and shape, or refused."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from keras_imgdesc.atomic_files import atomic_file
from keras_imgdesc.errors import InputError

# What `np.savez` writes for a member, beside its values.
_HEADER_BYTES = 1 << 16
# Values of other kinds, such as Python objects, are no numbers.
_NUMBERS = "biuf"


def write_array(path: str | os.PathLike[str], array: np.ndarray) -> None:
    """Write an array to an `.npy` file, atomically.

    Args:
        path: file to write or replace.
        array: numbers of any shape.

    Raises:
        OSError: the place cannot be written to, or the disk is full; it names the path.
    """
    array = np.asarray(array, order="C")
    with atomic_file(path) as file:
        # NumPy's own writing of the values does not tell why it fails.
        header = np.lib.format.header_data_from_array_1_0(array)
        np.lib.format.write_array_header_1_0(file, header)
        file.write(array.reshape(-1).view(np.uint8).data)


def read_array(
    path: str | os.PathLike[str],
    dtype: Any,
    shape: tuple[int | None, ...],
    *,
    remedy: str = "Copy it again",
    memory_mapped: bool = False,
    error: Callable[..., InputError] = InputError,
) -> np.ndarray:
    """Read an `.npy` file, and check that it holds what is expected.

    No more memory is used than the file is large, and no pickle is read.

    Args:
        path: the file.
        dtype: expected dtype.
        shape: expected shape; None stands for any size.
        remedy: what to do about a file that cannot be used.
        memory_mapped: whether to return a read-only memory map. Its file must not
            become shorter as long as it is used.
        error: what makes the error, called like `InputError`.

    Raises:
        InputError: there is no such file, or it is no ordinary file, or it holds
            another array, or its size is not that of the array.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> from keras_imgdesc.stored_arrays import read_array, write_array
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_array(f"{folder}/a.npy", np.ones((2, 3), "float32"))
    ...     read_array(f"{folder}/a.npy", "float32", (None, 3)).sum()
    np.float32(6.0)
    """

    def refuse(rule: str, **received: object) -> InputError:
        return error(f"{os.path.basename(path)} {rule}", remedy, file=path, **received)

    expected = np.dtype(dtype)
    with _opened(path, refuse) as file:
        found, dimensions, is_fortran = _header_of(file, refuse)
        is_right = (
            found == expected
            and len(dimensions) == len(shape)
            and all(w in (None, n) for n, w in zip(dimensions, shape, strict=True))
        )
        if not is_right:
            sizes = ", ".join("any" if size is None else str(size) for size in shape)
            raise refuse(
                f"must hold {expected} ({sizes})", dtype=str(found), shape=dimensions
            )
        count = _count(dimensions)
        start, size = file.tell(), os.fstat(file.fileno()).st_size
        if size != start + count * expected.itemsize:
            raise refuse("must be as large as its array", size=size, shape=dimensions)
        order: Any = "F" if is_fortran else "C"
        if memory_mapped and count:
            return np.memmap(file, expected, "r", start, tuple(dimensions), order)
        return np.fromfile(file, expected, count).reshape(dimensions, order=order)


def read_arrays(
    path: str | os.PathLike[str],
    *,
    remedy: str = "Copy it again",
    error: Callable[..., InputError] = InputError,
) -> dict[str, np.ndarray]:
    """Read an `.npz` file that `np.savez` wrote.

    Its arrays are not compressed, so that no more memory is used than the file is
    large; no pickle is read.

    Args:
        path: the file.
        remedy, error: see `read_array`.

    Returns:
        Arrays of numbers by name.

    Raises:
        InputError: there is no such file, it is no ordinary file, or not an
            uncompressed `.npz` of numbers.
    """

    def refuse(rule: str, **received: object) -> InputError:
        return error(f"{os.path.basename(path)} {rule}", remedy, file=path, **received)

    with _opened(path, refuse) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                is_plain = all(m.compress_type == zipfile.ZIP_STORED for m in members)
                # Members that share their bytes would be more than the file.
                if not is_plain or sum(m.file_size for m in members) > size:
                    raise refuse("must hold arrays without compression")
                arrays = {}
                for member in members:
                    name = member.filename.removesuffix(".npy")
                    if name in arrays:
                        raise refuse("must hold each array once", array=name)
                    with archive.open(member) as content:
                        arrays[name] = _member(content, member.file_size, refuse)
                return arrays
        except InputError:
            raise
        # `zipfile` raises errors of many kinds for damaged files.
        except Exception as problem:
            raise refuse(f"must be an .npz of arrays ({problem})") from None


def file_digest(
    path: str | os.PathLike[str], error: Callable[..., InputError] = InputError
) -> str:
    """Return the SHA-256 digest of a file, in hexadecimal.

    Raises:
        InputError: there is no such file, or it is no ordinary file.
    """

    def refuse(rule: str, **received: object) -> InputError:
        name = os.path.basename(path)
        return error(f"{name} {rule}", "Copy it again", file=path, **received)

    with _opened(path, refuse) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(path: str | os.PathLike[str], refuse: Callable[..., InputError]) -> Any:
    try:
        # Opening a pipe would block.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise refuse("must be an ordinary file")
        return Path(path).open("rb")
    except FileNotFoundError:
        raise refuse("must be there") from None
    except (OSError, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        raise refuse(f"cannot be read ({problem})") from None


def _header_of(
    file: IO[bytes], refuse: Callable[..., InputError]
) -> tuple[np.dtype, tuple[int, ...], bool]:
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        version = np.lib.format.read_magic(file)
        dimensions, is_fortran, dtype = readers[version](file)
    # NumPy parses the header as Python, which fails in many ways.
    except Exception:
        raise refuse("must be an .npy file of numbers") from None
    is_shape = all(isinstance(n, int) and n >= 0 for n in dimensions)
    if dtype.kind not in _NUMBERS or not is_shape:
        raise refuse(
            "must be an .npy file of numbers", dtype=str(dtype), shape=dimensions
        )
    return dtype, dimensions, is_fortran


def _member(
    file: IO[bytes], size: int, refuse: Callable[..., InputError]
) -> np.ndarray:
    dtype, dimensions, is_fortran = _header_of(file, refuse)
    count = _count(dimensions)
    if not 0 <= size - count * dtype.itemsize <= _HEADER_BYTES:
        raise refuse("must hold whole arrays", shape=dimensions)
    content = file.read(count * dtype.itemsize)
    file.read(1)  # at the end, the checksum of the member is compared
    order: Any = "F" if is_fortran else "C"
    # A copy that may be written to.
    return np.frombuffer(content, dtype, count).reshape(dimensions, order=order).copy()


def _count(dimensions: tuple[int, ...]) -> int:
    count = 1
    for size in dimensions:
        count *= size
    return count
