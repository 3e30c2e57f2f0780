"""Results files, COCO's format of captions that a model wrote."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from keras_imgdesc.atomic_files import write_atomically
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.readers.caption_checks import is_utf8
from keras_imgdesc.data.readers.json_files import parse_file
from keras_imgdesc.data.readers.text_files import read_text
from keras_imgdesc.errors import InputError

# Ids named as examples in an error.
_NAMED = 3


def write_results(
    path: str | os.PathLike[str],
    examples: Sequence[CaptionedImage],
    captions: Sequence[str],
) -> None:
    """Write `[{"image_id": 7, "caption": "a dog runs"}, ...]`.

    Args:
        path: JSON file to write or replace.
        examples: the images. An id that is a decimal number is written as a number, as
            COCO's evaluation expects; any other as a string.
        captions: one caption per image.

    Raises:
        OSError: the file cannot be written.

    Example:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.captions.results_file import (
    ...     read_results, write_results
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "results.json")
    ...     write_results(file, draw_scenes("test", 1).examples, ["a red star"])
    ...     list(read_results(file).values())
    ['a red star']
    """
    entries = [
        {"image_id": _number_or_text(example.image_id), "caption": caption}
        for example, caption in zip(examples, captions, strict=True)
    ]
    text = json.dumps(entries, ensure_ascii=False)
    if not is_utf8(text):  # from a file name: a surrogate is written as its escape
        text = json.dumps(entries)
    write_atomically(path, text)


def read_results(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read captions in COCO's results format.

    Args:
        path: JSON file with a list of objects that have an `image_id`, a number or a
            string, and a `caption`; other keys are ignored.

    Returns:
        Captions by image id, as a string, in the order of the file.

    Raises:
        InputError: the file cannot be read or has another format, or an image has
            several captions.
    """
    entries = parse_file(path, read_text(path))
    if not isinstance(entries, list) or not entries:
        raise InputError(
            "A file of results must be a list of captions",
            'Write [{"image_id": 7, "caption": "a dog runs"}, ...]',
            results=path,
            found=type(entries).__name__ if entries else entries,
        )
    found: dict[str, str] = {}
    repeated: list[str] = []
    for index, entry in enumerate(entries):
        image_id, caption = _check_entry(path, index, entry)
        if image_id in found:
            repeated.append(image_id)
        found[image_id] = caption
    if repeated:
        raise InputError(
            "A file of results must have one caption per image",
            "Keep the best caption of each image",
            results=path,
            repeated=len(repeated),
            images=repeated[:_NAMED],
        )
    return found


def match_results(
    results: Mapping[str, Mapping[str, str]],
    collection: CaptionCollection,
    partial: bool = False,
) -> tuple[CaptionCollection, dict[str, list[str]], dict[str, int]]:
    """Join captions and references by the ids of their images.

    Args:
        results: captions by image id, by the name of their file or model.
        collection: images with reference captions.
        partial: whether to score only the images that every file and the references
            have; otherwise one missing is an error.

    Returns:
        The images in the order of `collection`; for each name its captions in this
        order; and with `partial` how many images were left out: `without_caption` and
        `without_references`.

    Raises:
        InputError: the captions and the references belong to different images.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.captions.results_file import match_results
    >>> scenes = draw_scenes("test", 2)
    >>> mine = {scenes[1].image_id: "a star", "7": "a dog"}
    >>> kept, captions, left_out = match_results({"mine": mine}, scenes, partial=True)
    >>> captions, left_out
    ({'mine': ['a star']}, {'without_caption': 1, 'without_references': 1})
    """
    known = {example.image_id for example in collection}
    kept = [e for e in collection if all(e.image_id in r for r in results.values())]
    foreign = dict.fromkeys(i for r in results.values() for i in r if i not in known)
    missing = [
        e.image_id
        for e in collection
        if any(e.image_id not in r for r in results.values())
    ]
    if not kept or ((foreign or missing) and not partial):
        raise InputError(
            "Captions and references must be of the same images",
            "Name the references of these images, or score the images that both have "
            "with --partial"
            if kept
            else "Name the references of these images; they have none in common",
            files=list(results),
            captions=[len(r) for r in results.values()],
            references=len(known),
            in_both=len(kept),
            without_references=_some(foreign),
            without_caption=_some(missing),
        )
    captions = {
        name: [found[example.image_id] for example in kept]
        for name, found in results.items()
    }
    left_out = {"without_caption": len(missing), "without_references": len(foreign)}
    return CaptionCollection(kept), captions, left_out if partial else {}


def _some(ids) -> str:
    """Return the number of ids and some examples."""
    names = list(ids)
    shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    return f"{len(names)} ({shown})" if names else "0"


def _number_or_text(image_id: str) -> int | str:
    # Python converts no number with thousands of digits.
    is_number = image_id.isascii() and image_id.isdecimal() and len(image_id) < 20
    return int(image_id) if is_number and str(int(image_id)) == image_id else image_id


def _check_entry(path: Any, index: int, entry: Any) -> tuple[str, str]:
    image_id = entry.get("image_id") if isinstance(entry, dict) else None
    caption = entry.get("caption") if isinstance(entry, dict) else None
    is_id = isinstance(image_id, int | str) and not isinstance(image_id, bool)
    if not is_id or not isinstance(caption, str) or not is_utf8(caption):
        raise InputError(
            "Each result must have an 'image_id', a number or a string, and a "
            "'caption', a string in UTF-8",
            "Correct this entry, counted from 0",
            results=path,
            entry=index,
            found=entry,
        )
    return str(image_id), caption
