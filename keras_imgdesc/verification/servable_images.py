"""Image files that every form of a task can read."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from PIL import Image

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.export.graph.image_bytes import decode_images
from keras_imgdesc.images import load_image


def write_images(
    collection: CaptionCollection, folder: Path
) -> tuple[list[str], list[list[str]]]:
    """Return the files of the readable images, and the captions of each.

    An image that the graph cannot decode, such as WebP or TIFF, is converted to PNG:
    Python reads more formats, and it is the models that are compared.

    Args:
        collection: images with captions.
        folder: folder for converted files.

    Returns:
        The path of each file, and the captions of each image.

    Raises:
        InputError: fewer than two images can be read.
    """
    readable, references = [], []
    for example in collection:
        try:
            load_image(example.source)
        except ImageError:
            continue
        readable.append(example)
        references.append(list(example.captions))
    if len(readable) < 2:
        raise InputError(
            "Verification needs at least two images that can be read",
            "Check the annotations and the folder of images",
            readable=len(readable),
            images=len(collection),
        )
    sources = [e.path if e.image is None else None for e in readable]
    served = _are_served(sources)
    paths = []
    for number, (example, source) in enumerate(zip(readable, sources, strict=True)):
        if not served[number]:
            source = folder / f"{number}.png"
            Image.fromarray(load_image(example.source)).save(source)
        paths.append(str(source))
    return paths, references


def _are_served(sources: list[Path | None]) -> list[bool]:
    """Return whether the graph can decode each file; False where there is no file."""
    contents = [source.read_bytes() if source else b"" for source in sources]
    # In one call: a call per image would take a second each.
    _, errors, _ = decode_images(tf.constant(contents, tf.string), image_size=8)
    return [not error for error in errors.numpy()]
