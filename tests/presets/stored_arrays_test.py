import os
import zlib

import h5py
import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.stored_arrays import open_arrays_of

VALUES = np.random.default_rng(0).normal(size=(50, 30)).astype("float32")


def write(path, add):
    """Write a file with a weight "part/kernel" that `add` makes."""
    with h5py.File(path, "w") as file:
        add(file.create_group("part"))
    return path


def read(path):
    with open_arrays_of(path) as arrays:
        return {name: array.read() for name, array in arrays.items()}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "gzip"},
        {"compression": "gzip", "shuffle": True},
        {"shuffle": True},
        {"compression": "gzip", "shuffle": True, "chunks": (16, 7)},
        {"compression": "gzip", "chunks": (1, 30)},
        {"chunks": (50, 4)},
        {"dtype": "float16", "compression": "gzip", "shuffle": True},
        {"dtype": ">f4", "compression": "gzip", "shuffle": True},
        {"dtype": "float64"},
    ],
    ids=str,
)
def test_arrays_are_those_that_hdf5_reads(tmp_path, options):
    path = tmp_path / "weights.h5"

    def add(group):
        group.create_dataset("kernel", data=VALUES, **options)
        group.create_dataset("empty", (0, 3), "float32")
        group.create_dataset("scalar", data=np.float32(3))

    found = read(write(path, add))
    with h5py.File(path) as file:
        for name in ("kernel", "empty", "scalar"):
            expected = file[f"part/{name}"][()]
            np.testing.assert_array_equal(found[f"part/{name}"], expected)
            assert found[f"part/{name}"].dtype == expected.dtype


def external(group):
    secret = os.path.join(os.path.dirname(group.file.filename), "secret")
    with open(secret, "wb") as file:
        file.write(VALUES.tobytes())
    place = [(secret, 0, VALUES.nbytes)]
    group.create_dataset("kernel", VALUES.shape, "float32", external=place)


def virtual(group):
    other = os.path.join(os.path.dirname(group.file.filename), "other.h5")
    with h5py.File(other, "w") as file:
        file["x"] = VALUES
    layout = h5py.VirtualLayout(VALUES.shape, "float32")
    layout[...] = h5py.VirtualSource(other, "x", VALUES.shape)
    group.create_virtual_dataset("kernel", layout)


def external_link(group):
    other = os.path.join(os.path.dirname(group.file.filename), "other.h5")
    with h5py.File(other, "w") as file:
        file["x"] = VALUES
    group["kernel"] = h5py.ExternalLink(other, "x")


def soft_link(group):
    group.file["x"] = VALUES
    group["kernel"] = h5py.SoftLink("/x")


def resizable(group):
    group.create_dataset("kernel", data=VALUES, maxshape=(None, 30))


def without_values(group):
    options = {"compression": "gzip", "chunks": (1 << 12, 1 << 12)}
    group.create_dataset("kernel", (1 << 20, 1 << 20), "float32", **options)


def without_a_chunk(group):
    kernel = group.create_dataset("kernel", (8, 8), "float32", chunks=(4, 4))
    kernel[:4] = 1


def without_any_value(group):
    group.create_dataset("kernel", (8, 8), "float32")


def too_long_a_chunk(group):
    options = {"chunks": (50, 30), "compression": "gzip"}
    kernel = group.create_dataset("kernel", (50, 30), "float32", **options)
    kernel.id.write_direct_chunk((0, 0), zlib.compress(bytes(7000)))


def half_a_chunk(group):
    options = {"chunks": (50, 30), "compression": "gzip"}
    kernel = group.create_dataset("kernel", (50, 30), "float32", **options)
    kernel.id.write_direct_chunk((0, 0), zlib.compress(VALUES.tobytes())[:300])


def of(values, **options):
    return lambda group: group.create_dataset("kernel", data=values, **options)


HOSTILE = {
    "external": (external, "external one"),
    "virtual": (virtual, "other data sets"),
    "external link": (external_link, "no links"),
    "soft link": (soft_link, "no links"),
    "resizable": (resizable, "fixed shape"),
    "without values": (without_values, "all of its values"),
    "without a chunk": (without_a_chunk, "all of its values"),
    "without any value": (without_any_value, "all of its values"),
    "too long a chunk": (too_long_a_chunk, "all of its values"),
    "half a chunk": (half_a_chunk, "all of its values"),
    "NaN": (of(np.full((3, 2), np.nan, "float32")), "finite"),
    "infinite": (of(np.full((3, 2), np.inf, "float16")), "finite"),
    "complex": (of(np.ones(3, "complex64")), "floating-point"),
    "integers": (of(np.ones(3, "int32")), "floating-point"),
    "booleans": (of(np.ones(3, bool)), "floating-point"),
    "texts": (of(["a", "b"]), "floating-point"),
    "bytes": (of(np.array([b"ab"])), "floating-point"),
    "compound": (of(np.zeros(3, [("a", "f4"), ("b", "f4")])), "floating-point"),
    "nothing": (of(h5py.Empty("f4")), "floating-point"),
    "LZF": (of(VALUES, compression="lzf"), "gzip"),
    "checksums": (of(VALUES, fletcher32=True), "gzip"),
    "scaled": (of(VALUES, scaleoffset=2), "gzip"),
}


@pytest.mark.parametrize("problem", HOSTILE)
def test_other_arrays_are_refused_by_name(tmp_path, problem):
    add, expected = HOSTILE[problem]
    path = write(tmp_path / "weights.h5", add)
    with pytest.raises(InputError, match=expected) as caught:
        read(path)
    assert caught.value.received["weight"] == "part/kernel"
    assert caught.value.received["file"] == path


def test_groups_are_not_read_in_circles(tmp_path):
    def add(group):
        group["again"] = group.file

    with pytest.raises(InputError, match="levels deep"):
        read(write(tmp_path / "weights.h5", add))


@pytest.mark.parametrize("length", [0, 7, 100, 1000, -8])
def test_what_is_no_complete_hdf5_file_is_refused(tmp_path, length):
    whole = write(tmp_path / "whole.h5", of(VALUES, compression="gzip")).read_bytes()
    path = tmp_path / "weights.h5"
    path.write_bytes(whole[:length])
    with pytest.raises(InputError, match=r"weights\.h5"):
        read(path)


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "folder.h5").mkdir()
    os.mkfifo(tmp_path / "pipe.h5")
    (tmp_path / "text.h5").write_text("secret")
    for name in ("folder.h5", "pipe.h5", "text.h5", "none.h5"):
        with pytest.raises(InputError, match="complete HDF5 file") as caught:
            read(tmp_path / name)
        assert "secret" not in str(caught.value)


def test_any_changed_byte_is_refused_or_harmless(tmp_path):
    path = write(tmp_path / "weights.h5", of(VALUES, compression="gzip", shuffle=True))
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for place in random.integers(0, len(whole), 60):
        changed = bytearray(whole)
        changed[place] ^= 1 << int(random.integers(8))
        path.write_bytes(changed)
        try:
            found = read(path)
        except InputError:
            continue
        assert all(np.isfinite(array).all() for array in found.values())
