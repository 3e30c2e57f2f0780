"""Checks of examples handed to `fit`: images with captions."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.images.arrays import uint8_remedy
from keras_imgdesc.images.sources import holds_objects, is_array_like


def check_spec(spec: Any) -> None:
    """Refuse a dataset of anything but single images with captions.

    Args:
        spec: `element_spec` of the dataset.

    Raises:
        InputError: an example lacks an image or a caption, or examples are batched.
    """
    check_entries(spec)
    check_dtype(spec)
    if spec["image"].shape.rank != 3:
        raise InputError(
            "A dataset to train on must have unbatched images",
            "Call .unbatch() on the dataset",
            image=tuple(spec["image"].shape),
        )


def check_dtype(spec: Any) -> None:
    """Refuse a dataset whose images are not uint8.

    Args:
        spec: `element_spec` of the dataset.

    Raises:
        InputError: they are something else.
    """
    dtype = getattr(spec.get("image"), "dtype", None)
    if dtype is not None and dtype != np.uint8:
        raise InputError(
            "The images of a dataset must be uint8, with values from 0 to 255",
            uint8_remedy(),
            image=dtype.name,
        )


def check_entries(entries: Any) -> None:
    """Refuse examples without an image or a caption.

    Raises:
        InputError: one of the two is missing.
    """
    if not isinstance(entries, dict) or not {"image", "caption"} <= set(entries):
        raise InputError(
            "An example must have 'image' and 'caption'",
            "Rename the entries of the dict",
            entries=sorted(entries) if isinstance(entries, dict) else entries,
        )


def check_names(data: Any) -> None:
    """Refuse a dict of images that has captions under another name, or none.

    Other dicts, such as those of a model's inputs, are accepted.

    Raises:
        InputError: there is no caption.
    """
    if isinstance(data, dict) and data.keys() <= {"image", "text", "texts", "captions"}:
        check_entries(data)


def check_lengths(rows: dict[str, Any]) -> None:
    """Refuse a dict of arrays or lists that differ in length.

    Raises:
        InputError: they differ.
    """
    lengths = {key: len(rows[key]) for key in rows if hasattr(rows[key], "__len__")}
    if len(set(lengths.values())) > 1:
        raise InputError(
            "Each example must have an image and a caption",
            "Pass lists or arrays of the same length",
            **lengths,
        )


def refuse_strings(y: Any, entry: str) -> None:
    """Refuse captions or labels apart from their images, as in `fit(images, captions)`.

    Args:
        y: the second argument of `fit`.
        entry: the entry of `x` that they belong to.

    Raises:
        InputError: `y` holds strings.
    """
    if isinstance(y, list | tuple) and y and isinstance(y[0], str | list | tuple):
        kind = f"{type(y).__name__} of {type(y[0]).__name__}"
    elif is_array_like(y) and holds_objects(y):
        kind = type(y).__name__
    elif isinstance(y, str):
        kind = "str"
    else:
        return
    raise InputError(
        f"Images and their {entry}s must be entries of one dict",
        f'Pass {{"image": images, "{entry}": {entry}s}}',
        y=kind,
    )
