"""A reader of the token files of Flickr8k and Flickr30k."""

from __future__ import annotations

import os
import re

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_checks import MALFORMED
from keras_imgdesc.data.readers.caption_collector import CaptionCollector
from keras_imgdesc.data.readers.image_lists import ImageChoice
from keras_imgdesc.data.readers.paths import relative_name
from keras_imgdesc.data.readers.text_files import read_text, split_lines

_KEY = re.compile(r"\s*(.*\S)#(\d+)\s*")


def read_flickr_tokens(
    token_file: str | os.PathLike[str],
    images_dir: str | os.PathLike[str] | None,
    image_list: str | os.PathLike[str] | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Read `Flickr8k.token.txt` or `results_20130124.token`.

    Each line is `name.jpg#0<TAB>caption`. For a split of Flickr8k, use
    `Flickr_8k.trainImages.txt` and so on as `image_list`.

    Args:
        token_file: path of the captions; may be compressed with gzip.
        images_dir: folder of the images; None to read the captions alone.
        image_list: path of a file with the names of the images to read, one per line;
            None reads all. Captions of other images in the folder are ignored.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.

    Returns:
        The images in the order of the list, or of the captions if there is no list.

    Raises:
        InputError: a file cannot be read, no image remains, or there is a problem and
            `on_problem` is `"error"`.

    Reference:
        Hodosh, Young and Hockenmaier, "Framing Image Description as a Ranking Task",
        JAIR 47, 2013

    Example:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from keras_imgdesc.data import read_flickr_tokens
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a.jpg").touch()
    ...     tokens = Path(folder, "tokens.txt")
    ...     lines = ["a.jpg#0\\tA dog .", "a.jpg#1\\tA black dog ."]
    ...     written = tokens.write_text("\\n".join(lines))
    ...     print(read_flickr_tokens(tokens, folder)[0].captions)
    ('A dog .', 'A black dog .')
    """
    collector = CaptionCollector(token_file, images_dir, on_problem)
    choice = ImageChoice(collector, image_list)
    for number, line in enumerate(split_lines(read_text(token_file)), start=1):
        if not line.strip():
            continue
        key, tab, caption = line.partition("\t")
        match = _KEY.fullmatch(key)
        place = collector.place(number)
        if not tab or match is None:
            detail = "expected 'name.jpg#0<TAB>caption'"
            collector.add_problem(MALFORMED, place, detail)
        elif choice.take(name := relative_name(match[1], collector.images_dir)):
            collector.add_caption(name, caption, place, match[2])
    choice.finish()
    return collector.finish()
