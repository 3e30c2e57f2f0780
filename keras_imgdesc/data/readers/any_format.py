"""A reader that recognises the format of the captions."""

from __future__ import annotations

import os
import re
from pathlib import Path

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_folder import read_caption_folder
from keras_imgdesc.data.readers.captions_csv import parse_header, read_captions_csv
from keras_imgdesc.data.readers.captions_jsonl import is_record, read_captions_jsonl
from keras_imgdesc.data.readers.coco_json import read_coco_captions
from keras_imgdesc.data.readers.flickr_tokens import read_flickr_tokens
from keras_imgdesc.data.readers.json_files import parse_entry, read_json
from keras_imgdesc.data.readers.karpathy_json import read_karpathy_json
from keras_imgdesc.data.readers.paths import check_path, list_folder
from keras_imgdesc.data.readers.tar_shards import find_shards
from keras_imgdesc.data.readers.text_files import read_text, split_lines
from keras_imgdesc.data.readers.webdataset import read_webdataset
from keras_imgdesc.errors import InputError
from keras_imgdesc.images.file_formats import IMAGE_SUFFIXES

_TOKEN_LINE = re.compile(r"[^\t]*#\d+\s*\t")
# Lines and entries inspected: damaged first ones must not hide the format.
_INSPECTED = 20
# Characters of an unknown first line, such as other names of columns, in the error.
_SHOWN = 60
# Files of captions inside a folder of images, as in Hugging Face's `imagefolder`.
_METADATA = ("metadata.jsonl", "metadata.csv")
WITH_SPLITS = ("karpathy_json", "csv", "jsonl")
_WITH_LISTS = ("flickr_tokens", "csv", "jsonl", "caption_folder", "webdataset")


def find_format(annotations: str | os.PathLike[str]) -> str:
    """Return the format of captions, judged by the content of their file.

    Args:
        annotations: path of a file, whose name does not matter except for tar files;
            of a folder; or a pattern such as `"shards/*.tar"`.

    Returns:
        `"flickr_tokens"`, `"csv"`, `"jsonl"`, `"karpathy_json"`, `"coco_json"`,
        `"caption_folder"` or `"webdataset"`.

    Raises:
        InputError: the file cannot be read or has none of these formats.
    """
    check_path(annotations=annotations)
    path = Path(annotations)
    # A tar file among images is not what describes them.
    is_folder = os.path.isdir(path)
    has_images = is_folder and any(
        inner.name.lower().endswith(IMAGE_SUFFIXES) for inner in list_folder(path)
    )
    if not has_images and find_shards(annotations):
        return "webdataset"
    if is_folder:
        return "caption_folder"
    text = read_text(annotations)
    lines = split_lines(text)[:_INSPECTED]
    found = None
    if text.lstrip()[:1] in ("{", "["):
        found = _json_format(annotations, text, lines)
    elif lines and parse_header(lines[0]) is not None:
        found = "csv"
    elif any(_TOKEN_LINE.match(line) for line in lines):
        found = "flickr_tokens"
    elif any(is_record(parse_entry(line)) for line in lines):
        found = "jsonl"
    if found is None:
        raise InputError(
            "The captions must be in a known format",
            "Use lines of 'name.jpg#0<TAB>caption' (Flickr8k), a table whose first "
            "line names its columns, such as 'image,caption' (Kaggle), JSON Lines with "
            "'file_name' and 'text', JSON in the format of COCO or Karpathy, a folder "
            "with a text file beside each image, or WebDataset's tar files",
            annotations=path,
            first_line=lines[0][:_SHOWN] if lines else "",
        )
    return found


def _json_format(
    annotations: str | os.PathLike[str], text: str, lines: list[str]
) -> str | None:
    content = parse_entry(text)
    if content is None:
        if any(is_record(parse_entry(line)) for line in lines):
            return "jsonl"
        read_json(annotations)  # raises
    if isinstance(content, list):
        return "jsonl" if any(map(is_record, content[:_INSPECTED])) else None
    if isinstance(content, dict):
        if isinstance(content.get("annotations"), list):
            return "coco_json"
        if isinstance(content.get("images"), list):
            return "karpathy_json"
    return "jsonl" if is_record(content) else None


def read_captions(
    annotations: str | os.PathLike[str],
    images_dir: str | os.PathLike[str] | None,
    *,
    image_list: str | os.PathLike[str] | None = None,
    split: str | None = None,
    on_problem: str = "skip",
    keep_rejected: bool = False,
) -> CaptionCollection:
    """Read captioned images in any known format.

    Args:
        annotations: path of a Flickr token file, a table of captions, JSON Lines, or a
            JSON file in the format of COCO or Karpathy; of a folder with a text file
            beside each image, or with `metadata.jsonl` or `metadata.csv`; of a tar
            file of WebDataset, a folder of them, or a pattern of their names.
        images_dir: folder of the images; None to read the captions alone. The images
            of tar files are unpacked into it.
        image_list: path of a file with the names of the images to read, one per line;
            not for JSON in the format of COCO or Karpathy.
        split: `"train"`, `"val"`, `"test"`, `"restval"`, or several joined by `+`; for
            Karpathy's JSON, and for tables and JSON Lines that name splits.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.
        keep_rejected: whether to keep captions that are marked `is_rejected` or
            `is_precanned`, as in VizWiz.

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
    if form == "caption_folder":
        inside = (Path(annotations, name) for name in _METADATA)
        annotations = next((path for path in inside if path.is_file()), annotations)
        form = find_format(annotations)
        if split is not None:
            _refuse_nested(Path(annotations))
    if split is not None and form not in WITH_SPLITS:
        raise InputError(
            "`split` is for data that name the split of each image: Karpathy's JSON, "
            "tables and JSON Lines",
            "Select images of other data with `image_list`, those of COCO by the JSON "
            "file of the split, and those of WebDataset by its tar files",
            annotations=Path(annotations),
            split=split,
        )
    if image_list is not None and form not in _WITH_LISTS:
        raise InputError(
            "`image_list` is not for JSON in the format of COCO or Karpathy",
            "Select images of Karpathy's JSON with `split`, and those of COCO by the "
            "JSON file of the split",
            annotations=Path(annotations),
            image_list=image_list,
        )
    if form == "karpathy_json":
        return read_karpathy_json(
            annotations, images_dir, split, on_problem, keep_rejected=keep_rejected
        )
    if form == "coco_json":
        return read_coco_captions(
            annotations, images_dir, on_problem, keep_rejected=keep_rejected
        )
    if form in ("csv", "jsonl"):
        read_rows = read_captions_csv if form == "csv" else read_captions_jsonl
        return read_rows(
            annotations,
            images_dir,
            image_list,
            on_problem,
            split=split,
            keep_rejected=keep_rejected,
        )
    if form == "webdataset":
        return read_webdataset(
            annotations,
            images_dir,
            image_list,
            on_problem,
            keep_rejected=keep_rejected,
        )
    if form == "flickr_tokens":
        return read_flickr_tokens(annotations, images_dir, image_list, on_problem)
    try:
        return read_caption_folder(annotations, images_dir, image_list, on_problem)
    except InputError:
        _refuse_nested(Path(annotations))
        raise


def _refuse_nested(folder: Path) -> None:
    """Refuse a folder whose subfolders have files of captions of their own."""
    found = sorted(path for name in _METADATA for path in folder.glob(f"*/{name}"))
    if found:
        raise InputError(
            "The captions are in files of the subfolders",
            "Read each by itself: name the file as `annotations`, and its folder as "
            "`images_dir`",
            annotations=folder,
            found=[path.relative_to(folder).as_posix() for path in found[:3]],
        )
