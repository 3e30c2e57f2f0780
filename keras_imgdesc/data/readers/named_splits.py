"""The splits that a file of captions names."""

from __future__ import annotations

import os

from keras_imgdesc.data.readers.any_format import (
    WITH_SPLITS,
    find_format,
    read_captions,
)
from keras_imgdesc.data.readers.split_choice import common_name


def named_splits(annotations: str | os.PathLike[str]) -> list[str]:
    """Return the names of the splits of the images in a file of captions.

    Args:
        annotations: as for `read_captions`.

    Returns:
        The names, sorted, `"validation"` and the like as `"val"`; none if the format
        has no splits or the file names none.

    Raises:
        InputError: see `read_captions`.

    Example:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from keras_imgdesc.data.readers.named_splits import named_splits
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "captions.csv")
    ...     rows = "image,caption,split\\na.jpg,A dog .,train\\nb.jpg,A cat .,dev\\n"
    ...     written = file.write_text(rows)
    ...     named_splits(file)
    ['train', 'val']
    """
    if find_format(annotations) not in (*WITH_SPLITS, "caption_folder"):
        return []
    names = (example.extra.get("split") for example in read_captions(annotations, None))
    return sorted({common_name(name) for name in names if name})
