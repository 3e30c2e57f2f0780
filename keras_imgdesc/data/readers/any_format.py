"""Captions in whichever of the known forms they come."""

from __future__ import annotations

import os
import re
from pathlib import Path

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.captions_csv import parse_header, read_captions_csv
from keras_imgdesc.data.readers.coco_json import read_coco_captions
from keras_imgdesc.data.readers.flickr_tokens import read_flickr_tokens
from keras_imgdesc.data.readers.json_files import read_json
from keras_imgdesc.data.readers.karpathy_json import read_karpathy_json
from keras_imgdesc.data.readers.text_files import read_text, split_lines
from keras_imgdesc.errors import InputError

_TOKEN_LINE = re.compile(r"[^\t]*#\d+\s*\t")
# Where a file starts with damaged lines, its form is still seen in the others.
_LINES_LOOKED_AT = 20


def find_format(annotations: str | os.PathLike[str]) -> str:
    """Tells the form of a file of captions by what is in it, not by its name.

    Args:
        annotations: the file.

    Returns:
        `"flickr_tokens"`, `"csv"`, `"karpathy_json"` or `"coco_json"`.

    Raises:
        InputError: it cannot be read, or is none of them.
    """
    text = read_text(annotations)
    if text.lstrip()[:1] in ("{", "["):
        content = read_json(annotations)
        if isinstance(content.get("annotations"), list):
            return "coco_json"
        if isinstance(content.get("images"), list):
            return "karpathy_json"
    else:
        lines = split_lines(text)[:_LINES_LOOKED_AT]
        if lines and parse_header(lines[0]) is not None:
            return "csv"
        if any(_TOKEN_LINE.match(line) for line in lines):
            return "flickr_tokens"
    raise InputError(
        "The captions must be in a known form",
        "Known are lines of 'name.jpg#0<TAB>caption' (Flickr8k), tables that begin "
        "'image,caption' (Kaggle), and the JSON of COCO and of Karpathy",
        annotations=Path(annotations),
    )


def read_captions(
    annotations: str | os.PathLike[str],
    images_dir: str | os.PathLike[str],
    *,
    image_list: str | os.PathLike[str] | None = None,
    split: str | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Reads captioned pictures, whichever of the known forms the captions have.

    Args:
        annotations: a Flickr token file, a table of captions, or the JSON of COCO or
            of Karpathy.
        images_dir: the folder of the pictures.
        image_list: for token files and tables: a file with the names of the pictures
            wanted, one a line.
        split: for Karpathy's JSON: `"train"`, `"val"`, `"test"`, `"restval"`, or
            several joined with `+`.
        on_problem: `"skip"` leaves out what has a problem and notes it in
            `problems`; `"error"` raises.

    Returns:
        The pictures that have a file and a caption, and the problems with the rest.

    Raises:
        InputError: a file cannot be read, the form is unknown or has no use for
            `image_list` or `split`, no picture is left, or there is a problem and
            `on_problem` is `"error"`.

    Example:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from keras_imgdesc.data import read_captions
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a.jpg").touch()
    ...     file = Path(folder, "captions.txt")
    ...     lines = ["image,caption", "a.jpg,A dog .", "b.jpg,A cat ."]
    ...     written = file.write_text("\\n".join(lines))
    ...     print(read_captions(file, folder).report())
    1 pictures with 1 captions
    1 x missing image: b.jpg
    """
    form = find_format(annotations)
    if split is not None and form != "karpathy_json":
        raise InputError(
            "`split` is for Karpathy's JSON, which names the split of each picture",
            "Choose pictures of token files and tables with `image_list`",
            annotations=Path(annotations),
            split=split,
        )
    if image_list is not None and form.endswith("json"):
        raise InputError(
            "`image_list` is for token files and tables",
            "Choose pictures of Karpathy's JSON with `split`; COCO has a file a split",
            annotations=Path(annotations),
            image_list=image_list,
        )
    if form == "karpathy_json":
        return read_karpathy_json(annotations, images_dir, split, on_problem)
    if form == "coco_json":
        return read_coco_captions(annotations, images_dir, on_problem)
    read = read_captions_csv if form == "csv" else read_flickr_tokens
    return read(annotations, images_dir, image_list, on_problem)
