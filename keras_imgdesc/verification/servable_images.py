"""Pictures that every form of a model can be given."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from PIL import Image

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.export.graph.image_bytes import decode_images
from keras_imgdesc.images import load_image


def write_pictures(
    collection: CaptionCollection, folder: Path
) -> tuple[list[str], list[list[str]]]:
    """Files of the pictures that can be read, and their references.

    What the graph cannot decode, as WebP and TIFF, becomes PNG: it is the model that
    is compared, and Python reads more formats.
    """
    readable, references = [], []
    for example in collection:
        try:
            load_image(example.source)
        except ImageError:
            continue
        readable.append(example)
        references.append(list(example.captions))
    sources = [e.path if e.image is None else None for e in readable]
    served = _are_served(sources)
    paths = []
    for number, (example, source) in enumerate(zip(readable, sources, strict=True)):
        if not served[number]:
            source = folder / f"{number}.png"
            Image.fromarray(load_image(example.source)).save(source)
        paths.append(str(source))
    if len(paths) < 2:
        raise InputError(
            "Parity is checked on at least two pictures",
            "Check the annotations and the folder of images",
            readable=len(paths),
            pictures=len(collection),
        )
    return paths, references


def _are_served(sources: list[Path | None]) -> list[bool]:
    """Whether each file can be decoded by the graph; not where there is no file."""
    contents = [source.read_bytes() if source else b"" for source in sources]
    # In one call: a picture alone takes a second.
    _, errors = decode_images(tf.constant(contents, tf.string), image_size=8)
    return [not error for error in errors.numpy()]
