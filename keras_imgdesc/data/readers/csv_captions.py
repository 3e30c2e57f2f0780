"""CSV files of captions, as on Kaggle."""

import csv
from pathlib import Path

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.gathering import Gatherer, read_image_list, read_lines
from keras_imgdesc.errors import InputError

IMAGE_COLUMNS = ("image", "image_name", "filename", "file_name")
CAPTION_COLUMNS = ("caption", "comment", "text")


def read_captions_csv(
    csv_file: str | Path,
    images_dir: str | Path,
    image_list: str | Path | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Read a table with a column of pictures and one of captions.

    The header may say `image,caption` (Flickr8k) or, with bars between the columns,
    `image_name| comment_number| comment` (Flickr30k). A caption with commas may stand
    in quotes; without them, everything after the first column is caption where there
    are two columns.

    Args:
        csv_file: the table.
        images_dir: folder of the pictures.
        image_list: file naming the pictures of a split; `None` takes all.
        on_problem: `"skip"` or `"error"`.

    Raises:
        InputError: no such columns, a file cannot be read, nothing is left, or there
            is a problem that is not to be skipped.
    """
    gatherer = Gatherer(csv_file, on_problem)
    lines = iter(read_lines(gatherer))
    _, header = next(lines, (0, ""))
    mark = "|" if "|" in header else ","
    columns = [column.strip().lower() for column in header.split(mark)]
    image_column = next((c for c in IMAGE_COLUMNS if c in columns), None)
    caption_column = next((c for c in CAPTION_COLUMNS if c in columns), None)
    if image_column is None or caption_column is None:
        raise InputError(
            "The first line must name a column of images and one of captions",
            f"Use one of {IMAGE_COLUMNS} and one of {CAPTION_COLUMNS}",
            file=str(csv_file),
            header=header[:80],
        )
    which = columns.index(image_column), columns.index(caption_column)
    for number, line in lines:
        if mark == "|" or '"' in line:
            cells = next(csv.reader([line], delimiter=mark, skipinitialspace=True))
        else:
            cells = line.split(mark, len(columns) - 1)
        if len(cells) <= max(which):
            gatherer.problem("malformed line", f"line {number}", line[:80])
            continue
        name, caption = (cells[i].strip() for i in which)
        gatherer.add_caption(name, caption, f"line {number}")
    wanted = None if image_list is None else read_image_list(image_list)
    return gatherer.collect(images_dir, wanted)
