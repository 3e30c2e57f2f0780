"""Karpathy's JSON of Flickr8k, Flickr30k and COCO."""

from pathlib import Path

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.gathering import Gatherer, read_image_list, read_json
from keras_imgdesc.errors import InputError


def read_karpathy_json(
    json_file: str | Path,
    images_dir: str | Path,
    split: str | None = None,
    image_list: str | Path | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Read `{"images": [{"filename", "split", "sentences": [{"raw"}]}]}`.

    Args:
        json_file: as `dataset_flickr8k.json`.
        images_dir: folder of the pictures, or of the folders in `filepath`.
        split: as `"train"`, `"val"`, `"test"`; `None` takes all.
        image_list: file naming the pictures to use; `None` takes those of the split.
        on_problem: `"skip"` or `"error"`.

    Raises:
        InputError: another form of file, no such split, a file cannot be read,
            nothing is left, or there is a problem that is not to be skipped.

    Reference:
        Karpathy, Fei-Fei, "Deep Visual-Semantic Alignments",
        https://arxiv.org/abs/1412.2306
    """
    gatherer = Gatherer(json_file, on_problem)
    content = read_json(json_file)
    rows = content.get("images") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise InputError(
            "The file must hold an object with a list of images",
            "Give a file in the form of dataset_flickr8k.json",
            file=str(json_file),
        )
    known = sorted({str(r.get("split")) for r in rows if isinstance(r, dict)})
    if split is not None and split not in known:
        raise InputError(
            "The split must be one that the file has",
            f"Choose one of {known}",
            file=str(json_file),
            split=split,
        )
    for number, row in enumerate(rows):
        try:
            name = "/".join(filter(None, [row.get("filepath"), row["filename"]]))
            sentences = [s["raw"] for s in row["sentences"]]
            if split is not None and row["split"] != split:
                continue
        except (KeyError, TypeError, AttributeError) as error:
            gatherer.problem("malformed entry", f"images[{number}]", repr(error))
            continue
        gatherer.add_image(name)
        for sentence in sentences:
            gatherer.add_caption(name, sentence)
    if image_list is not None:
        wanted = read_image_list(image_list)
    else:
        wanted = None if split is None else list(gatherer.names())
    return gatherer.collect(images_dir, wanted)
