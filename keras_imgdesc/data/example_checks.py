"""Checks of examples handed to `fit`: images with captions."""

from __future__ import annotations

from typing import Any

from keras_imgdesc.errors import InputError


def check_spec(spec: Any) -> None:
    """Refuse a dataset of anything but single images with captions.

    Args:
        spec: `element_spec` of the dataset.

    Raises:
        InputError: an example lacks an image or a caption, or examples are batched.
    """
    check_entries(spec)
    if spec["image"].shape.rank != 3:
        raise InputError(
            "A dataset to train on must have unbatched images",
            "Call .unbatch() on the dataset",
            image=tuple(spec["image"].shape),
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
