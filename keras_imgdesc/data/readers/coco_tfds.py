"""COCO captions through TensorFlow Datasets."""

from pathlib import Path

from keras_imgdesc.data.caption_collection import CaptionCollection, Problem
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError


def load_coco_captions(
    split: str = "train",
    data_dir: str | Path | None = None,
    name: str = "coco_captions",
    limit: int | None = None,
) -> CaptionCollection:
    """Load pictures and captions of the TFDS data set `coco_captions`.

    Args:
        split: as `"train"`, `"val"`, `"test"`, `"restval"`.
        data_dir: where TensorFlow Datasets keeps it; it is prepared there on first
            use, which downloads some 25 GB.
        name: another data set of the same features.
        limit: only the first so many pictures, which are held in memory.

    Raises:
        InputError: the data set has no such split or other features.
    """
    import tensorflow_datasets as tfds

    builder = tfds.builder(name, data_dir=data_dir)
    features = builder.info.features
    if features is None or not {"image", "captions"} <= set(features):
        raise InputError(
            "The data set must have the features of coco_captions",
            "Use coco_captions, or one with 'image' and 'captions'",
            name=name,
        )
    builder.download_and_prepare()
    if split not in builder.info.splits:
        raise InputError(
            "The split must be one that the data set has",
            f"Choose one of {sorted(builder.info.splits)}",
            split=split,
        )
    rows = builder.as_dataset(split=split, shuffle_files=False)
    collection = CaptionCollection([])
    for row in tfds.as_numpy(rows.take(-1 if limit is None else limit)):
        identity = row["image/filename"].decode()
        texts = [t.decode("utf-8").strip() for t in row["captions"]["text"]]
        captions = tuple(dict.fromkeys(text for text in texts if text))
        if not captions:
            collection.problems.append(Problem("image without captions", identity))
            continue
        collection.examples.append(
            CaptionedImage(identity, captions, image=row["image"])
        )
    return collection
