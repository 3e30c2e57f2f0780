"""Tests of keras_imgdesc.stored_arrays."""

import errno
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from keras_imgdesc import stored_arrays
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.stored_arrays import (
    file_digest,
    read_array,
    read_arrays,
    write_array,
)

ARRAY = np.arange(6, dtype="float32").reshape(2, 3)


@pytest.mark.parametrize(
    "array",
    [ARRAY, ARRAY[:0], ARRAY.T, np.float32(3), np.ones((2, 1, 4), bool)],
    ids=["plain", "empty", "transposed", "scalar", "bool"],
)
@pytest.mark.parametrize("memory_mapped", [False, True])
def test_an_array_is_read_as_it_was_written(
    tmp_path: Path, array: np.ndarray, memory_mapped: bool
) -> None:
    file = tmp_path / "a.npy"
    write_array(file, array)
    shape = tuple(array.shape)
    found = read_array(file, array.dtype, shape, memory_mapped=memory_mapped)
    np.testing.assert_array_equal(found, array)
    np.testing.assert_array_equal(np.load(file), array)
    assert isinstance(found, np.memmap) == (memory_mapped and array.size > 0)


def test_files_of_numpy_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.asfortranarray(ARRAY))
    found = read_array(tmp_path / "a.npy", "float32", (None, 3))
    np.testing.assert_array_equal(found, ARRAY)


def saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def with_shape(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + ARRAY.tobytes()


DAMAGED = {
    "empty": b"",
    "text": b"not an array",
    "cut": saved(ARRAY)[:-1],
    "header cut": saved(ARRAY)[:40],
    "longer": saved(ARRAY) + b"\0",
    "float64": saved(ARRAY.astype("f8")),
    "big-endian": saved(ARRAY.astype(">f4")),
    "complex": saved(ARRAY.astype("c8")),
    "objects": saved(np.array([[None] * 3] * 2, object)),
    "texts": saved(np.full((2, 3), "x")),
    "flat": saved(ARRAY.reshape(-1)),
    "wider": saved(np.ones((2, 4), "f4")),
    "huge": with_shape((2**40, 3)),
    "overflowing": with_shape((2**62, 3)),
    "negative": with_shape((-2, 3)),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_other_arrays_are_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.npy"
    file.write_bytes(content)
    for memory_mapped in (False, True):
        with pytest.raises(ImageError, match=r"a\.npy") as caught:
            read_array(
                file,
                "float32",
                (None, 3),
                memory_mapped=memory_mapped,
                error=ImageError,
            )
        assert caught.value.received["file"] == file


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.npy"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, tmp_path / "missing.npy", tmp_path / "nul\0"):
        with pytest.raises(InputError):
            read_array(path, "float32", (None, 3))
        with pytest.raises(InputError):
            read_arrays(path)
        with pytest.raises(InputError):
            file_digest(path)


def test_arrays_by_name(tmp_path: Path) -> None:
    arrays = {"w/0": ARRAY, "n": np.array(7, "int64"), "none": ARRAY[:0]}
    np.savez(tmp_path / "a.npz", **arrays)
    found = read_arrays(tmp_path / "a.npz")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype and found[name].flags.writeable


def zipped(content: bytes, **options: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        archive.writestr("a.npy", content)
    return file.getvalue()


def bomb() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, a=np.zeros(1 << 20, "f4"))
    return file.getvalue()


GOOD_ZIP = zipped(saved(ARRAY))
DAMAGED_ARCHIVES = {
    "empty": b"",
    "cut": GOOD_ZIP[:-30],
    "byte": GOOD_ZIP.replace(ARRAY.tobytes(), ARRAY[::-1].tobytes()),
    "compressed": bomb(),
    "objects": zipped(saved(np.array([None], object))),
    "texts": zipped(saved(np.array(["x"]))),
    "huge": zipped(with_shape((2**40, 3))),
    "no array": zipped(b"text"),
    "array": saved(ARRAY),
}


@pytest.mark.parametrize("content", DAMAGED_ARCHIVES.values(), ids=DAMAGED_ARCHIVES)
def test_other_archives_are_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.npz"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npz"):
        read_arrays(file)


def test_a_full_disk_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        def write(self, content: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(
        "keras_imgdesc.atomic_files.open_new", lambda path: Full(path, "xb")
    )
    with pytest.raises(OSError, match="No space left") as caught:
        stored_arrays.write_array(tmp_path / "a.npy", ARRAY)
    assert caught.value.filename == str(tmp_path / "a.npy")
    assert list(tmp_path.iterdir()) == []
