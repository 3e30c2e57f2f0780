"""A reader that recognises the format of the captions."""

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
# Lines inspected: damaged first lines must not hide the format.
_INSPECTED_LINES = 20


def find_format(annotations: str | os.PathLike[str]) -> str:
    """Return the format of a file of captions, judged by its content.

    Args:
        annotations: path of the file; its name does not matter.

    Returns:
        `"flickr_tokens"`, `"csv"`, `"karpathy_json"` or `"coco_json"`.

    Raises:
        InputError: the file cannot be read or has none of these formats.
    """
    text = read_text(annotations)
    if text.lstrip()[:1] in ("{", "["):
        content = read_json(annotations)
        if isinstance(content.get("annotations"), list):
            return "coco_json"
        if isinstance(content.get("images"), list):
            return "karpathy_json"
    else:
        lines = split_lines(text)[:_INSPECTED_LINES]
        if lines and parse_header(lines[0]) is not None:
            return "csv"
        if any(_TOKEN_LINE.match(line) for line in lines):
            return "flickr_tokens"
    raise InputError(
        "The captions must be in a known format",
        "Use lines of 'name.jpg#0<TAB>caption' (Flickr8k), a table whose first line is "
        "'image,caption' (Kaggle), or JSON in the format of COCO or Karpathy",
        annotations=Path(annotations),
    )


def read_captions(
    annotations: str | os.PathLike[str],
    images_dir: str | os.PathLike[str] | None,
    *,
    image_list: str | os.PathLike[str] | None = None,
    split: str | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Read captioned images in any known format.

    Args:
        annotations: path of a Flickr token file, a table of captions, or a JSON file
            in the format of COCO or Karpathy.
        images_dir: folder of the images; None to read the captions alone.
        image_list: path of a file with the names of the images to read, one per line;
            for token files and tables only.
        split: `"train"`, `"val"`, `"test"`, `"restval"`, or several joined by `+`; for
            Karpathy's JSON only.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.

    Returns:
        The images that have a file and a caption, and the problems with the others.

    Raises:
        InputError: a file cannot be read, the format is unknown or does not support
            `image_list` or `split`, no image remains, or there is a problem and
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
    1 image with 1 caption
    1 x missing image: b.jpg
    """
    form = find_format(annotations)
    if split is not None and form != "karpathy_json":
        raise InputError(
            "`split` is for Karpathy's JSON, which names the split of each image",
            "Select images of token files and tables with `image_list`, and those of "
            "COCO by the JSON file of the split",
            annotations=Path(annotations),
            split=split,
        )
    if image_list is not None and form.endswith("json"):
        raise InputError(
            "`image_list` is for token files and tables",
            "Select images of Karpathy's JSON with `split`, and those of COCO by the "
            "JSON file of the split",
            annotations=Path(annotations),
            image_list=image_list,
        )
    if form == "karpathy_json":
        return read_karpathy_json(annotations, images_dir, split, on_problem)
    if form == "coco_json":
        return read_coco_captions(annotations, images_dir, on_problem)
    read = read_captions_csv if form == "csv" else read_flickr_tokens
    return read(annotations, images_dir, image_list, on_problem)
