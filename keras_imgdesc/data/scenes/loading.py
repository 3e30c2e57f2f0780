"""Scenes as a collection of captioned images."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.scenes.caption_writing import caption_scene
from keras_imgdesc.data.scenes.making import SPLITS, make_scene
from keras_imgdesc.data.scenes.scene_graph import SceneGraph
from keras_imgdesc.disk_errors import disk_errors_as_input_errors
from keras_imgdesc.errors import InputError

_DEFAULT_DIR = "~/tensorflow_datasets"


def load_scenes(
    split: str,
    config: str = "default",
    data_dir: str | Path | None = None,
    limit: int | None = None,
) -> CaptionCollection:
    """Load a split of `Scenes`, drawing the data set on first use, without a network.

    Args:
        split: `"train"`, `"validation"`, `"test"` or `"composition"`.
        config: `"default"` (12,000 / 1,000 / 2,000 / 2,000 images, drawn in a minute),
            `"large"` (48,000 to train on, starting with those of the default, and the
            same others) or `"tiny"` (300 / 60 / 60 / 60).
        data_dir: folder of TensorFlow Datasets; None is its default,
            `~/tensorflow_datasets`.
        limit: number of images, from the start of the split, at least 1; None loads
            all.

    Returns:
        Images in uint8 `(96, 96, 3)` with five captions each; `extra["scene_graph"]`
        is the `SceneGraph`.

    Raises:
        InputError: the split or the configuration is unknown, `limit` is below 1, or
            the data cannot be written or read.

    Example:

    >>> import tempfile
    >>> from keras_imgdesc.data.scenes import load_scenes
    >>> folder = tempfile.TemporaryDirectory()
    >>> scenes = load_scenes("test", "tiny", data_dir=folder.name)
    >>> len(scenes), scenes[0].image.shape, len(scenes[0].captions)
    (60, (96, 96, 3), 5)
    >>> folder.cleanup()
    """
    # Late: it imports TensorFlow Datasets, which takes seconds.
    from keras_imgdesc.data.scenes.builder import Scenes

    if split not in SPLITS:
        raise InputError(
            "The split of Scenes must be a known one",
            f"Use one of {', '.join(SPLITS)}",
            split=split,
        )
    if config not in Scenes.builder_configs:
        raise InputError(
            "The configuration of Scenes must be a known one",
            f"Use one of {', '.join(Scenes.builder_configs)}",
            config=config,
        )
    if limit is not None and limit < 1:
        raise InputError(
            "`limit` must be at least 1", "Omit it to load all images", limit=limit
        )
    with disk_errors_as_input_errors(data_dir or _DEFAULT_DIR, "The data of Scenes"):
        return _load(Scenes(config=config, data_dir=data_dir), split, limit)


def _load(builder: Any, split: str, limit: int | None) -> CaptionCollection:
    import tensorflow_datasets as tfds

    # Progress goes to standard error: standard output is for results.
    with contextlib.redirect_stdout(sys.stderr):
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(try_download_gcs=False)
        )
    count = builder.info.splits[split].num_examples
    dataset = builder.as_dataset(
        split=f"{split}[:{min(limit or count, count)}]",
        shuffle_files=False,
        read_config=tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1),
    )
    examples = []
    for row in tfds.as_numpy(dataset):
        examples.append(
            CaptionedImage(
                image_id=row["id"].decode(),
                path=None,
                captions=tuple(caption.decode() for caption in row["captions"]),
                image=row["image"],
                extra={
                    "scene_graph": SceneGraph.from_json(row["scene_graph"].decode())
                },
            )
        )
    return CaptionCollection(examples)


def draw_scenes(split: str, count: int) -> CaptionCollection:
    """Draw the first images of a split in memory, without TensorFlow Datasets.

    Args:
        split: `"train"`, `"validation"`, `"test"` or `"composition"`.
        count: number of images.

    Returns:
        The same images and captions as `load_scenes` returns.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> draw_scenes("test", 2)[1].image_id
    'test-00001'
    """
    examples = []
    for number in range(count):
        graph, image = make_scene(split, number)
        examples.append(
            CaptionedImage(
                image_id=f"{split}-{number:05d}",
                path=None,
                captions=caption_scene(graph),
                image=image,
                extra={"scene_graph": graph},
            )
        )
    return CaptionCollection(examples)
