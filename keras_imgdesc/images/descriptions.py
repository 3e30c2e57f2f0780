"""The description in the metadata of an image file."""

from __future__ import annotations

import os
from typing import Any

from keras_imgdesc.errors import InputError

_FIELD = "Xmp.dc.description"


def import_pyexiv2() -> Any:
    """Import pyexiv2, which writes metadata.

    Raises:
        InputError: it is not installed.
    """
    try:
        import pyexiv2
    except ImportError as error:
        raise InputError(
            "Writing metadata into images needs pyexiv2",
            "Run: pip install pyexiv2",
            missing="pyexiv2",
        ) from error
    pyexiv2.set_log_level(4)  # what goes wrong is raised
    return pyexiv2


def add_description(
    content: bytes, text: str, *, overwrite: bool = False, path: Any = None
) -> bytes:
    """Write a description into the XMP metadata of an image file.

    It is `dc:description`, which photo managers show as the caption. The pixels stay
    as they are, byte for byte, and so does all other metadata.

    Args:
        content: an image file: JPEG, PNG, WebP or TIFF.
        text: the description.
        overwrite: whether to replace a description that the image has.
        path: name of the file, for the error.

    Returns:
        The new content of the file.

    Raises:
        InputError: the text is empty, the image has a description and must keep it, its
            format has no XMP that can be written, it is damaged, or pyexiv2 is not
            installed.
    """
    pyexiv2 = import_pyexiv2()
    name = None if path is None else os.fspath(path)
    if not text.strip():  # pyexiv2 would remove the field
        raise InputError("A description must have words", "Pass a text", path=name)
    try:
        with pyexiv2.ImageData(content) as image:
            found = image.read_xmp().get(_FIELD)
            if found and not overwrite:
                raise InputError(
                    "The image has a description already",
                    "Overwrite it, or leave the image out",
                    path=name,
                    description=found,
                )
            image.modify_xmp({_FIELD: {'lang="x-default"': text}})
            return image.get_bytes()
    except RuntimeError as error:  # all that exiv2 raises
        raise InputError(
            "Metadata can be written into intact JPEG, PNG, WebP and TIFF files",
            "Write the captions beside the images instead",
            path=name,
            reason=str(error),
        ) from error
