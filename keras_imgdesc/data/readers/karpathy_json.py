"""Karpathy's data sets: Flickr8k, Flickr30k and COCO with his splits."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_collector import MALFORMED, CaptionCollector
from keras_imgdesc.data.readers.json_files import read_json
from keras_imgdesc.errors import InputError


def read_karpathy_json(
    json_file: str | os.PathLike[str],
    images_dir: str | os.PathLike[str],
    split: str | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Reads `dataset_flickr8k.json`, `dataset_flickr30k.json` or `dataset_coco.json`.

    The file has `images`, each with `filename`, for COCO a folder `filepath`,
    `split`, and `sentences` with the text in `raw`.

    Args:
        json_file: the file.
        images_dir: the folder of the pictures; those of COCO may lie in their
            folders `train2014` and `val2014` there, or all in one.
        split: `"train"`, `"val"`, `"test"`, `"restval"`, or several joined as in
            `"train+restval"`; all without it.
        on_problem: `"skip"` leaves out what has a problem and notes it in
            `problems`; `"error"` raises.

    Returns:
        The pictures in the file's order, `extra["split"]` being each one's split.

    Raises:
        InputError: the file cannot be read or has another form, nothing in it has
            this split, no picture is left, or there is a problem and `on_problem`
            is `"error"`.

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
    1 pictures with 1 captions
    """
    collector = CaptionCollector(json_file, images_dir, on_problem)
    wanted = None if split is None else set(split.split("+"))
    splits: set[str] = set()
    for number, image in enumerate(read_json(json_file, "images")["images"]):
        place = collector.place(f"images[{number}]")
        if not isinstance(image, dict) or not isinstance(image.get("filename"), str):
            collector.add_problem(MALFORMED, place, "no 'filename'")
            continue
        own_split = str(image.get("split"))
        splits.add(own_split)
        if wanted is not None and own_split not in wanted:
            continue
        sentences = image.get("sentences")
        if not isinstance(sentences, list):
            collector.add_problem(MALFORMED, place, "no list 'sentences'")
            continue
        name = image["filename"]
        nested = str(PurePosixPath(str(image.get("filepath") or ""), name))
        if nested != name and collector.has_file(nested):
            name = nested
        if not collector.add_image(image["filename"], name, {"split": own_split}):
            continue
        for position, sentence in enumerate(sentences):
            raw = sentence.get("raw") if isinstance(sentence, dict) else sentence
            caption_id = sentence.get("sentid") if isinstance(sentence, dict) else None
            if isinstance(caption_id, list | dict):
                caption_id = None
            collector.add_caption(
                image["filename"], raw, f"{place}.sentences[{position}]", caption_id
            )
    if wanted is not None and not wanted <= splits:
        raise InputError(
            "The file must have pictures of the split",
            f"Its splits are {', '.join(sorted(splits)) or 'none'}",
            json_file=collector.annotations,
            split=split,
        )
    return collector.finish()
