"""A reader of Karpathy's JSON: Flickr8k, Flickr30k and COCO with his splits."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_collector import MALFORMED, CaptionCollector
from keras_imgdesc.data.readers.json_files import read_json
from keras_imgdesc.errors import InputError


def read_karpathy_json(
    json_file: str | os.PathLike[str],
    images_dir: str | os.PathLike[str] | None,
    split: str | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Read `dataset_flickr8k.json`, `dataset_flickr30k.json` or `dataset_coco.json`.

    The file has `images`, each with `filename`, `split`, `sentences` whose text is
    `raw` and, for COCO, a folder `filepath`.

    Args:
        json_file: path of the file.
        images_dir: folder of the images; None to read the captions alone. The images
            of COCO may be in the subfolders `train2014` and `val2014`, or all in this
            folder.
        split: `"train"`, `"val"`, `"test"`, `"restval"`, or several as in
            `"train+restval"`; None reads all.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.

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
    collector = CaptionCollector(json_file, images_dir, on_problem)
    chosen = None if split is None else set(split.split("+"))
    splits: set[str] = set()
    for number, image in enumerate(read_json(json_file, "images")["images"]):
        place = collector.place(f"images[{number}]")
        if not isinstance(image, dict) or not isinstance(image.get("filename"), str):
            collector.add_problem(MALFORMED, place, "no 'filename'")
            continue
        own_split = str(image.get("split"))
        splits.add(own_split)
        if chosen is not None and own_split not in chosen:
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
    if chosen is not None and not chosen <= splits:
        raise InputError(
            "The file must contain images of the split",
            f"Use one of its splits: {', '.join(sorted(splits)) or 'it has none'}",
            json_file=collector.annotations,
            split=split,
        )
    return collector.finish()
