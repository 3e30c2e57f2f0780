"""Changes of a stranger's weights, vectors and `.tflite` files."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from pathlib import Path

import h5py
import numpy as np
from json_mutations import CONTROL, mutate_json

# === HDF5 ===

H5_KINDS = (
    *("external", "virtual", "link", "soft", "nan", "inf", "complex", "shape"),
    *("text", "group", "more", "huge", "reference"),
)


def change_hdf5(chance: random.Random, path: Path, outside: Path) -> str:
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visititems(
            lambda name, item: (
                names.append(name) if isinstance(item, h5py.Dataset) else None
            )
        )
        name = chance.choice(names)
        shape, array = file[name].shape, file[name][()]
        del file[name]
        kind = chance.choice(H5_KINDS)
        if kind == "external":
            size = array.size * 4
            file.create_dataset(
                *(name, shape, "<f4"),
                external=[(str(outside / "canary.bin"), 0, size)],
            )
        elif kind == "virtual":
            layout = h5py.VirtualLayout(shape, "<f4")
            layout[...] = h5py.VirtualSource(outside / "canary.h5", "x", shape)
            file.create_virtual_dataset(name, layout)
        elif kind == "link":
            file[name] = h5py.ExternalLink(str(outside / path.name), name)
        elif kind == "soft":
            file[name] = h5py.SoftLink(f"/{name}")
        elif kind in ("nan", "inf"):
            file[name] = np.full(shape, float(kind), "float16")
        elif kind == "complex":
            file[name] = array.astype("complex64")
        elif kind == "shape":
            file[name] = array[..., None]
        elif kind == "text":
            file[name] = np.full(shape, b"x")
        elif kind == "group":
            file.create_group(name)
        elif kind == "more":
            file[name] = array
            file["more/weights"] = array
        elif kind == "huge":
            file.create_dataset(name, (2**20, 2**20), "<f4", chunks=(64, 64))
        else:
            file[name] = np.full(shape, file.ref, h5py.ref_dtype)
    return f"{kind} in place of {name}"


# === NumPy ===


def change_numpy(chance: random.Random, path: Path, outside: Path) -> str:
    kinds = {
        "NaN": lambda array: np.full_like(array, np.nan, "float32"),
        "another shape": lambda array: array[..., None],
        "no rows": lambda array: array[:0],
        "texts": lambda array: np.full(array.shape, "x"),
        "objects": lambda array: np.full(array.shape, None),
        "complex": lambda array: array.astype("complex64"),
    }
    kind = chance.choice(sorted(kinds))
    if path.suffix == ".npy" and chance.random() < 0.25:
        return _npy_header(path)
    if path.suffix == ".npy":
        np.save(path, kinds[kind](np.load(path)))
        return kind
    with np.load(path) as archive:
        arrays = dict(archive)
    name = chance.choice(sorted(name for name in arrays if arrays[name].ndim))
    arrays[name] = kinds[kind](arrays[name])
    np.savez(path, **arrays)
    return f"{kind} in {name}"


def _npy_header(path: Path) -> str:
    """Claim more rows than there are."""
    buffer = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (2**40, 2**20)}
    np.lib.format.write_array_header_1_0(buffer, header)
    path.write_bytes(buffer.getvalue() + b"\0" * 64)
    return "a header of 2**60 numbers"


# === LiteRT ===


def change_lite_file(chance: random.Random, path: Path, outside: Path) -> str:
    """Change the metadata or the vocabulary in the file, or lose the model."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    model = path.read_bytes()[
        : json.loads(entries["keras_imgdesc.json"])["flatbuffer"]["size"]
    ]
    kind = chance.choice(["metadata", "metadata", "vocabulary", "model", "gone"])
    if kind == "metadata":
        text = entries["keras_imgdesc.json"].decode()
        content, said = mutate_json(chance, text, outside, path.parent)
        entries["keras_imgdesc.json"] = content
    elif kind == "vocabulary":
        said = "another vocabulary"
        entries["vocabulary.txt"] = f"other\n{CONTROL}\n".encode() * 9
    elif kind == "model":
        said = "a model of zeros"
        model = bytes(len(model))
        metadata = json.loads(entries["keras_imgdesc.json"])
        metadata["flatbuffer"]["sha256"] = hashlib.sha256(model).hexdigest()
        entries["keras_imgdesc.json"] = json.dumps(metadata).encode()
    else:
        said = "no metadata"
        del entries[chance.choice(sorted(entries))]
    path.write_bytes(model)
    with zipfile.ZipFile(path, "a") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return said
