"""A reader of Karpathy's JSON: Flickr8k, Flickr30k and COCO with his splits."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import Any

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_checks import MALFORMED
from keras_imgdesc.data.readers.caption_collector import CaptionCollector
from keras_imgdesc.data.readers.json_files import read_json
from keras_imgdesc.data.readers.paths import relative_name
from keras_imgdesc.data.readers.record_fields import rejection_mark
from keras_imgdesc.data.readers.split_choice import SplitChoice


def read_karpathy_json(
    json_file: str | os.PathLike[str],
    images_dir: str | os.PathLike[str] | None,
    split: str | None = None,
    on_problem: str = "skip",
    *,
    keep_rejected: bool = False,
) -> CaptionCollection:
    """Read `dataset_flickr8k.json`, `dataset_flickr30k.json` or `dataset_coco.json`.

    The file has `images`, each with `filename`, `split`, `sentences` whose text is
    `raw` and, for COCO, a folder `filepath`. Captions of one image are told apart by
    their `sentid`, or by their order if they have none.

    Args:
        json_file: path of the file.
        images_dir: folder of the images; None to read the captions alone. The images
            of COCO may be in the subfolders `train2014` and `val2014`, or all in this
            folder.
        split: `"train"`, `"val"`, `"test"`, `"restval"`, or several as in
            `"train+restval"`; None reads all.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.
        keep_rejected: whether to keep captions whose `is_rejected` or `is_precanned` is
            true.

    Returns:
        The images in the order of the file, with their split in `extra["split"]`.

    Raises:
        InputError: the file cannot be read or has another format, it has no image of
            the split, no image remains, or there is a problem and `on_problem` is
            `"error"`.

    Reference:
        Karpathy and Fei-Fei, "Deep Visual-Semantic Alignments for Generating Image
        Descriptions", CVPR 2015, https://arxiv.org/abs/1412.2306

    Example:

    >>> import json
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from keras_imgdesc.data import read_karpathy_json
    >>> sentences = [{"raw": "A dog ."}]
    >>> image = {"filename": "a.jpg", "split": "val", "sentences": sentences}
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a.jpg").touch()
    ...     file = Path(folder, "dataset.json")
    ...     written = file.write_text(json.dumps({"images": [image]}))
    ...     print(read_karpathy_json(file, folder, split="val").report())
    1 image with 1 caption
    """
    collector = CaptionCollector(json_file, images_dir, on_problem, keep_rejected)
    splits = SplitChoice(collector, split)
    ids: dict[str, str] = {}
    for number, image in enumerate(read_json(json_file, "images")["images"]):
        place = collector.place(f"images[{number}]")
        if not isinstance(image, dict) or not isinstance(image.get("filename"), str):
            collector.add_problem(MALFORMED, place, "no 'filename'")
            continue
        name = relative_name(image["filename"], collector.images_dir)
        folder = image.get("filepath")
        nested = str(PurePosixPath(folder if isinstance(folder, str) else "", name))
        nested = relative_name(nested, collector.images_dir)
        own_split = image.get("split")
        own_split = own_split if isinstance(own_split, str) else ""
        if not splits.take(nested, own_split, place):
            continue
        sentences = image.get("sentences")
        if not isinstance(sentences, list):
            collector.add_problem(MALFORMED, place, "no list 'sentences'")
            continue
        if nested not in ids:
            # Two folders may have a file of the same name.
            image_id = nested if name in collector else name
            has_nested = nested != name and collector.has_file(nested)
            path = nested if has_nested else name
            if not collector.add_image(
                image_id,
                path,
                {"split": own_split},
            ):
                continue
            ids[nested] = image_id
        for position, sentence in enumerate(sentences):
            _add(collector, ids[nested], sentence, position, place)
    splits.finish()
    return collector.finish()


def _add(
    collector: CaptionCollector, image_id: str, sentence: Any, position: int, place: str
) -> None:
    caption, caption_id, mark = sentence, None, None
    if isinstance(sentence, dict):
        caption, caption_id = sentence.get("raw"), sentence.get("sentid")
        mark = rejection_mark(sentence)
    if not isinstance(caption_id, int | str):
        caption_id = position
    place = f"{place}.sentences[{position}]"
    collector.add_caption(image_id, caption, place, caption_id, mark)
