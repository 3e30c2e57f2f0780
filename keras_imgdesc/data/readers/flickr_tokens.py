"""Token files of Flickr8k and Flickr30k."""

from pathlib import Path

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.gathering import Gatherer, read_image_list, read_lines


def read_flickr_tokens(
    token_file: str | Path,
    images_dir: str | Path,
    image_list: str | Path | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Read lines of `name.jpg#0<TAB>caption`.

    Args:
        token_file: as `Flickr8k.token.txt` or `results_20130124.token`.
        images_dir: folder of the pictures.
        image_list: file naming the pictures of a split; `None` takes all.
        on_problem: `"skip"` or `"error"`.

    Raises:
        InputError: a file cannot be read, nothing is left, or there is a problem that
            is not to be skipped.

    Reference:
        Hodosh, Young, Hockenmaier, "Framing Image Description as a Ranking Task",
        https://doi.org/10.1613/jair.3994
    """
    gatherer = Gatherer(token_file, on_problem)
    seen = set()
    for number, line in read_lines(gatherer):
        key, tab, caption = line.partition("\t")
        name, mark, _ = key.rpartition("#")
        if not tab or not mark:
            gatherer.problem("malformed line", f"line {number}", line[:80])
            continue
        if key in seen:
            gatherer.problem("duplicate id", key)
            continue
        seen.add(key)
        gatherer.add_caption(name, caption, key)
    wanted = None if image_list is None else read_image_list(image_list)
    return gatherer.collect(images_dir, wanted)
