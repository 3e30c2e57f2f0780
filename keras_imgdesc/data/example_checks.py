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
    check_caption_spec(spec)
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


def check_caption_spec(spec: Any) -> None:
    """Refuse a dataset whose captions are not strings.

    Args:
        spec: `element_spec` of the dataset.

    Raises:
        InputError: they are something else.
    """
    dtype = getattr(spec.get("caption"), "dtype", None)
    if dtype is not None and dtype.name != "string":
        raise InputError(
            "The captions of a dataset must be strings",
            "Pass texts as 'caption'",
            caption=dtype.name,
        )


def check_single_caption(spec: Any) -> None:
    """Refuse a dataset whose examples have several captions.

    Args:
        spec: `element_spec` of the dataset, batched or not.

    Raises:
        InputError: an example has several captions, or one that is no string.
    """
    check_caption_spec(spec)
    if "caption" not in spec or not {"image", "feature_map"} & set(spec):
        return
    image = spec.get("image", spec.get("feature_map")).shape
    caption = spec["caption"].shape
    # An image has three axes, a feature map too, and batches have one more.
    if None not in (image.rank, caption.rank) and caption.rank != image.rank - 3:
        raise InputError(
            "An example must have one caption",
            "Repeat the image for each of its captions",
            image=tuple(image),
            caption=tuple(caption),
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


def check_captions(captions: Any) -> list[int | None]:
    """Refuse captions of a dict that are not strings.

    Args:
        captions: one entry per image: a string, or a list of strings.

    Returns:
        The number of captions in each list; None for a string.

    Raises:
        InputError: a caption is not a string, or an image has none.
    """
    rows = _listed(captions)
    if isinstance(rows, str | bytes) or not hasattr(rows, "__len__"):
        raise InputError(
            "Captions must be a list",
            "Pass a list with an entry for each image",
            caption=captions,
        )
    counts: list[int | None] = []
    for index, entry in enumerate(rows):
        texts = _listed(entry)
        for text in texts if isinstance(texts, list) and texts else [texts]:
            if not isinstance(text, str | bytes):
                raise InputError(
                    "A caption must be a string",
                    "Leave out images without a caption",
                    caption=entry,
                    index=index,
                )
        counts.append(len(texts) if isinstance(texts, list) else None)
    return counts


def check_one_caption(captions: Any) -> None:
    """Refuse captions of a dict other than one string per example.

    Raises:
        InputError: a caption is not a string, or an example has a list of them.
    """
    for index, count in enumerate(check_captions(captions)):
        if count is not None:
            raise InputError(
                "An example must have one caption",
                "Repeat the image for each of its captions",
                caption=_listed(captions)[index],
                index=index,
            )


def check_same_number(captions: Any) -> None:
    """Refuse captions of a dict that differ in their number per image.

    Raises:
        InputError: they differ, a caption is not a string, or an image has none.
    """
    counts = check_captions(captions)
    other = next((i for i, count in enumerate(counts) if count != counts[0]), None)
    if other is not None:
        rows = _listed(captions)
        raise InputError(
            "Each image must have the same number of captions",
            "Pass one caption per example: repeat the image for each of its captions, "
            "with the same 'image_id'",
            **{"caption[0]": rows[0], f"caption[{other}]": rows[other]},
        )


def _listed(values: Any) -> Any:
    """Return an array, tensor, series or tuple as a list; anything else unchanged."""
    if hasattr(values, "to_list"):
        return values.to_list()
    if is_array_like(values):
        return np.asarray(values).tolist()
    return list(values) if isinstance(values, tuple) else values


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


def refuse_pairs(data: Any, entry: str) -> None:
    """Refuse pairs of images and strings, such as `validation_data=(images, captions)`.

    Args:
        data: an argument of `fit`: `x` or `validation_data`. Other data are accepted.
        entry: the entry that the strings belong to.

    Raises:
        InputError: `data` is such a pair, or a dataset of pairs.
    """
    spec = getattr(data, "element_spec", None)
    if isinstance(data, tuple) and len(data) in (2, 3):
        refuse_strings(data[1], entry)
    elif isinstance(spec, tuple) and len(spec) in (2, 3):
        dtype = getattr(getattr(spec[1], "dtype", None), "name", None)
        if dtype == "string":
            raise InputError(
                f"Images and their {entry}s must be entries of one dict",
                f'Map the dataset to {{"image": image, "{entry}": {entry}}}',
                elements="pairs of an image and a string",
            )


def refuse_strings(y: Any, entry: str) -> None:
    """Refuse captions or labels apart from their images, as in `fit(images, captions)`.

    Args:
        y: the second argument of `fit`.
        entry: the entry of `x` that they belong to.

    Raises:
        InputError: `y` holds strings.
    """
    first = None
    if isinstance(y, list | tuple):
        first = next((value for value in y if value is not None), None)
    if isinstance(first, str | list | tuple):
        kind = f"{type(y).__name__} of {type(first).__name__}"
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
