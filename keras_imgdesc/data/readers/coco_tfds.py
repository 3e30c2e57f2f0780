"""A reader of COCO's captions in TensorFlow Datasets."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.problem import Problem
from keras_imgdesc.data.readers.caption_checks import (
    DUPLICATE_IMAGE,
    MALFORMED,
    NO_CAPTIONS,
    check_collection,
    check_on_problem,
    find_caption_problem,
)
from keras_imgdesc.data.readers.image_writer import ImageWriter
from keras_imgdesc.errors import InputError

BUILDER = "coco_captions/2014"


def load_coco_captions(
    split: str = "train",
    *,
    data_dir: str | os.PathLike[str] | None = None,
    images_dir: str | os.PathLike[str] | None = None,
    limit: int | None = None,
    download: bool = False,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Load `coco_captions` of TensorFlow Datasets: COCO 2014 in Karpathy's splits.

    Args:
        split: `"train"` (82,783 images), `"val"` (5,000), `"test"` (5,000),
            `"restval"` (30,504), or several as in `"train+restval"`.
        data_dir: folder of TensorFlow Datasets; None is its default,
            `~/tensorflow_datasets`.
        images_dir: folder to which the JPEG files are written, unless they exist. None
            keeps them in memory, about 160 KB per image.
        limit: number of images, from the start, at least 1; None loads all.
        download: whether to download and prepare the data if it is missing, about
            40 GB.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.

    Returns:
        The images in the order of TensorFlow Datasets. `image_id` is COCO's number as
        a string, `image` the bytes of the JPEG file unless `images_dir` is given, and
        `extra["file_name"]` its name.

    Raises:
        InputError: the data set is missing, has no such split, or there is a problem
            and `on_problem` is `"error"`.

    Example:

    >>> from keras_imgdesc.data import load_coco_captions
    >>> from keras_imgdesc.errors import InputError
    >>> try:
    ...     load_coco_captions("val", data_dir="an/empty/folder")
    ... except InputError as error:
    ...     print(error.rule)
    The data set must have been prepared
    """
    # Late: TensorFlow Datasets takes seconds to import.
    import tensorflow_datasets as tfds

    check_on_problem(on_problem)
    if limit is not None and limit < 1:
        raise InputError(
            "`limit` must be at least 1", "Omit it to load all images", limit=limit
        )
    builder = tfds.builder(BUILDER, data_dir=data_dir)
    if download:
        builder.download_and_prepare()
    if not builder.info.splits:
        raise InputError(
            "The data set must have been prepared",
            "Pass `download=True`, or the `data_dir` where it has been prepared",
            data_set=BUILDER,
            data_dir=builder.data_dir,
        )
    unknown = set(split.split("+")) - set(builder.info.splits)
    if unknown:
        raise InputError(
            "The data set must have the split",
            f"Use one of its splits: {', '.join(sorted(builder.info.splits))}",
            split=split,
        )
    features = {
        name: True for name in ("image", "image/filename", "image/id", "captions")
    }
    dataset = builder.as_dataset(
        split=split,
        shuffle_files=False,
        read_config=tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1),
        # Keep the JPEG file: it is smaller than its pixels, and decoded like others.
        decoders=tfds.decode.PartialDecoding(
            features, decoders={"image": tfds.decode.SkipDecoding()}
        ),
    )
    if limit is not None:
        dataset = dataset.take(limit)
    problems: list[Problem] = []
    examples: dict[str, CaptionedImage] = {}
    with ExitStack() as stack:
        writer = None
        if images_dir is not None:
            writer = stack.enter_context(ImageWriter(images_dir))
        for row in tfds.as_numpy(dataset):
            image_id = str(int(row["image/id"]))
            if image_id in examples:
                problems.append(Problem(DUPLICATE_IMAGE, image_id))
                continue
            example = _example(row, image_id, writer, problems)
            if example is not None:
                examples[image_id] = example
    collection = CaptionCollection(list(examples.values()), problems)
    return check_collection(
        collection, on_problem, data_set=BUILDER, split=split, data_dir=builder.data_dir
    )


def _example(
    row: dict[str, Any],
    image_id: str,
    writer: ImageWriter | None,
    problems: list[Problem],
) -> CaptionedImage | None:
    captions = []
    for number, text in enumerate(row["captions"]["text"]):
        caption = text.decode("utf-8", "surrogateescape")
        kind = find_caption_problem(caption)
        if kind is None:
            captions.append(caption.strip())
        else:
            problems.append(Problem(kind, f"{image_id}.captions[{number}]"))
    if not captions:
        problems.append(Problem(NO_CAPTIONS, image_id))
        return None
    file_name = row["image/filename"].decode("utf-8", "replace")
    image, path = row["image"], None
    if writer is not None:
        is_name = file_name and Path(file_name).name == file_name
        if not is_name or not _write(writer, file_name, image):
            problems.append(
                Problem(MALFORMED, image_id, f"not a file name: {file_name!r}")
            )
            return None
        path, image = writer.folder / file_name, None
    return CaptionedImage(
        image_id, path, tuple(captions), image, extra={"file_name": file_name}
    )


def _write(writer: ImageWriter, name: str, content: bytes) -> bool:
    return writer.holds(name, content) or writer.write(name, content)
