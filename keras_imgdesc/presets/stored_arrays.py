"""Arrays in HDF5 files, whoever wrote those.

HDF5 can take values from other files and hand them to plugins. Neither is done here: a
file is read only if all of its arrays are in it, as `write_weights` writes them.
"""

from __future__ import annotations

import itertools
import math
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from keras_imgdesc.errors import InputError

_REMEDY = "Copy the file again, if you trust its source"
# Groups in groups, and arrays and groups in a file.
_MOST_LEVELS = 32
_MOST_ITEMS = 50_000
_MOST_CHUNKS = 1 << 16
# What a byte of a deflated stream can become.
_LARGEST_EXPANSION = 1040
_FILTERS = {h5py.h5z.FILTER_SHUFFLE: "shuffle", h5py.h5z.FILTER_DEFLATE: "gzip"}


class StoredArray:
    """An array of floating-point numbers in an open HDF5 file.

    Args:
        dataset: an `h5py.Dataset`.
        path: the file, for error messages.

    Attributes:
        shape, dtype: those of the array.

    Raises:
        InputError: the array is elsewhere or partly so, is not of floating-point
            numbers, or is compressed in another way than by gzip. The message names
            the weight.
    """

    def __init__(self, dataset: Any, path: Path) -> None:
        self._dataset, self._path = dataset, path
        self._name = dataset.name.lstrip("/")
        self._filters = check_dataset(dataset, path)
        try:
            self.dtype: np.dtype = dataset.dtype
        except TypeError:
            raise self._refuse("must hold floating-point numbers") from None
        is_float = self.dtype.kind == "f" and self.dtype.itemsize in (2, 4, 8)
        if not is_float or dataset.shape is None:
            raise self._refuse(
                "must hold floating-point numbers", dtype=str(self.dtype)
            )
        self.shape: tuple[int, ...] = tuple(dataset.shape)
        self._nbytes = math.prod(self.shape) * self.dtype.itemsize

    def read(self) -> np.ndarray:
        """Read the values, in the dtype of the file.

        Raises:
            InputError: values are missing or damaged, or one is not finite.
        """
        try:
            array = self._read()
        except (OSError, RuntimeError, ValueError, zlib.error) as error:
            if isinstance(error, InputError):
                raise
            raise self._refuse(f"cannot be read ({error})") from None
        if not np.isfinite(array).all():
            raise self._refuse("must be finite")
        return array

    def _read(self) -> np.ndarray:
        stored = self._dataset.id.get_storage_size()
        if self._dataset.chunks is None or not self._nbytes:
            if stored != self._nbytes:
                raise self._refuse("must have all of its values", bytes=stored)
            array: np.ndarray = self._dataset[()]
            return array
        sides = [range(0, n, c) for n, c in zip(self.shape, self._dataset.chunks)]
        count = math.prod(map(len, sides))
        if count > _MOST_CHUNKS or self._dataset.id.get_num_chunks() != count:
            raise self._refuse("must have all of its values", chunks=count)
        if stored * _LARGEST_EXPANSION < self._nbytes:
            raise self._refuse("must have all of its values", bytes=stored)
        array = np.empty(self.shape, self.dtype)
        for start in itertools.product(*sides):
            chunk = self._read_chunk(start)
            place = tuple(
                slice(first, first + side)
                for first, side in zip(start, self._dataset.chunks)
            )
            inside = array[place]
            inside[...] = chunk[tuple(map(slice, inside.shape))]
        return array

    def _read_chunk(self, start: tuple[int, ...]) -> np.ndarray:
        # Not by HDF5, which would unpack as much as there is, whatever the shape.
        chunks = self._dataset.chunks
        size = math.prod(chunks) * self.dtype.itemsize
        info = self._dataset.id.get_chunk_info_by_coord(start)
        if info.byte_offset is None or info.size > 2 * size + 1024:
            raise self._refuse("must have all of its values")
        skipped, content = self._dataset.id.read_direct_chunk(start)
        for index, name in reversed(list(enumerate(self._filters))):
            if skipped >> index & 1:
                continue
            if name == "gzip":
                unpacking = zlib.decompressobj()
                content = unpacking.decompress(content, size + 1)
                if not unpacking.eof:
                    raise self._refuse("must have all of its values")
            elif len(content) == size:
                columns = np.frombuffer(content, np.uint8)
                columns = columns.reshape(self.dtype.itemsize, -1)
                rows = np.empty(columns.shape[::-1], np.uint8)
                for column, values in enumerate(columns):
                    rows[:, column] = values
                content = rows.data.cast("B")
        if len(content) != size:
            raise self._refuse("must have all of its values")
        return np.frombuffer(content, self.dtype).reshape(chunks)

    def _refuse(self, rule: str, **received: object) -> InputError:
        return InputError(
            f"A weight {rule}", _REMEDY, file=self._path, weight=self._name, **received
        )


@contextmanager
def open_arrays_of(path: Path) -> Iterator[dict[str, StoredArray]]:
    """Open an HDF5 file of weights.

    Args:
        path: the file, an ordinary one.

    Yields:
        Its arrays by their paths in it, to be read before the block ends.

    Raises:
        InputError: it is no HDF5 file, it is truncated, or it has a link or an array
            that `StoredArray` refuses.
    """
    with open_hdf5(path) as file:
        yield {
            name: StoredArray(dataset, path)
            for name, dataset in datasets_of(file, path)
        }


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """Open an HDF5 file to read it.

    Args:
        path: the file.

    Yields:
        The `h5py.File`.

    Raises:
        InputError: it is no ordinary file, no HDF5 file, or truncated.
    """
    try:
        # Opening a pipe would block.
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError("no ordinary file")
        file = h5py.File(path, "r")
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"{path.name} must be a complete HDF5 file ({_one_line(error)})",
            _REMEDY,
            file=path,
        ) from None
    with file:
        yield file


def datasets_of(file: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Find the data sets of a file, and refuse links to anything else.

    Args:
        file: an open `h5py.File`.
        path: its path, for error messages.

    Yields:
        The path in the file, and the `h5py.Dataset`.

    Raises:
        InputError: the file has a link that is followed to another place, is nested too
            deeply, or is damaged.
    """
    items = 0
    groups = [("", file)]
    for _ in range(_MOST_LEVELS):
        inner = []
        for prefix, group in groups:
            for name in _read(path, prefix, lambda g=group: list(g)):
                items += 1
                if items > _MOST_ITEMS:
                    raise _damaged(path, prefix, f"more than {_MOST_ITEMS:,} items")
                where = prefix + name
                link = _read(path, where, lambda g=group, n=name: _link_of(g, n))
                if link is not h5py.HardLink:
                    raise InputError(
                        "A file of weights must have no links to other places",
                        _REMEDY,
                        file=path,
                        weight=where,
                        link=link.__name__,
                    )
                item = _read(path, where, lambda g=group, n=name: g[n])
                if isinstance(item, h5py.Dataset):
                    yield where, item
                elif isinstance(item, h5py.Group):
                    inner.append((f"{where}/", item))
                else:
                    raise _damaged(path, where, "neither a group nor a data set")
        groups = inner
        if not groups:
            return
    raise _damaged(path, groups[0][0], f"groups {_MOST_LEVELS} levels deep")


def check_dataset(dataset: Any, path: Path) -> list[str]:
    """Refuse a data set whose values are elsewhere, or packed in an unusual way.

    Args:
        dataset: an `h5py.Dataset`.
        path: its file, for error messages.

    Returns:
        The filters that its values have passed, in order: `"shuffle"` and `"gzip"`.

    Raises:
        InputError: the values are in other files, put together of other data sets,
            compressed in another way than by gzip, or can grow.
    """

    def refuse(rule: str, **received: object) -> InputError:
        name = dataset.name.lstrip("/")
        return InputError(
            f"A weight {rule}", _REMEDY, file=path, weight=name, **received
        )

    if dataset.external:
        raise refuse("must be in its file, not in an external one")
    if dataset.is_virtual:
        raise refuse("must be in its file, not put together of other data sets")
    plan = dataset.id.get_create_plist()
    codes = [plan.get_filter(index)[0] for index in range(plan.get_nfilters())]
    filters = [_FILTERS.get(code, f"filter {code}") for code in codes]
    if filters not in ([], ["gzip"], ["shuffle"], ["shuffle", "gzip"]):
        raise refuse("must be stored plainly or compressed by gzip", filters=filters)
    shape = dataset.shape or ()
    if dataset.chunks is not None and (
        dataset.maxshape != shape
        or any(not 1 <= side <= size for side, size in zip(dataset.chunks, shape))
    ):
        raise refuse("must have a fixed shape", maxshape=dataset.maxshape)
    return filters


def _link_of(group: Any, name: str) -> Any:
    return group.get(name, getclass=True, getlink=True)


def _read(path: Path, where: str, read: Any) -> Any:
    try:
        return read()
    except (KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise _damaged(path, where, _one_line(error)) from None


def _damaged(path: Path, where: str, reason: str) -> InputError:
    return InputError(
        f"{path.name} must be an undamaged file of weights ({reason})",
        _REMEDY,
        file=path,
        weight=where.rstrip("/"),
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
