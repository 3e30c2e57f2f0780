"""Random crops of photos, without labels."""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_imgdesc import images
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.encoder.model import SHIFT
from keras_imgdesc.training.encoder.recipe import DistillationPhase
from keras_imgdesc.training.inputs.held_out import training_images

# Strength of the colour changes: a factor for the contrast, levels for the others.
CONTRAST = 0.3
BRIGHTNESS = 25.0
TINT = 12.0
# Distance of the seeds of two attempts at a position, beyond any run's positions.
ATTEMPT = 2**56
# Half the largest natural logarithm of a crop's aspect ratio.
ASPECT = 0.2


def list_folders(
    folders: Sequence[str | Path],
    weights: Sequence[float] = (),
    validation: Sequence[str | Path] = (),
) -> tuple[list[str], np.ndarray]:
    """List the images of several folders, with their probabilities.

    Args:
        folders: folders of images, searched recursively.
        weights: relative share of each folder; empty gives every image the same
            probability.
        validation: photos that are left out, see `training_images`.

    Returns:
        Paths, and cumulative probabilities, float64, of the same length.

    Raises:
        InputError: a folder has no images that are not left out, or the number of
            weights is wrong.
    """
    if weights and len(weights) != len(folders):
        raise InputError(
            "folder_weights must have one number per folder",
            "Give as many weights as folders, or none",
            folder_weights=tuple(weights),
            folders=len(folders),
        )
    groups = [images.list_images([folder]) for folder in folders]
    if validation:
        held = _collection([Path(path) for path in validation])
        kept = {e.path for e in training_images(_collection(chain(*groups)), held)}
        groups = [[path for path in group if path in kept] for group in groups]
    for folder, group in zip(folders, groups, strict=True):
        if not group:
            raise InputError(
                "A training folder must have images that are not validation images",
                "Leave the folder out, or name other images for validation",
                folder=str(folder),
            )
    shares = weights or [len(group) for group in groups]
    each = np.concatenate(
        [np.full(len(g), s / len(g)) for g, s in zip(groups, shares, strict=True)]
    )
    paths = [str(path) for group in groups for path in group]
    return paths, np.cumsum(each) / each.sum()


def _collection(paths: Iterable[Path]) -> CaptionCollection:
    return CaptionCollection([CaptionedImage(str(path), path, ()) for path in paths])


def crop_batches(
    paths: Sequence[str],
    cumulative: np.ndarray,
    phase: DistillationPhase,
    seed: int,
    first_step: int,
    steps: int,
) -> tf.data.Dataset:
    """Return batches of random crops, each determined by seed, step and position.

    Args:
        paths: images that TensorFlow decodes (JPEG, PNG, GIF, BMP).
        cumulative: cumulative probabilities, from `list_folders`.
        phase: gives crop size, scale and batch size.
        seed: seed of the phase.
        first_step: number of the first step, from 0.
        steps: number of batches.

    Returns:
        Batches, float32 `(batch, size + SHIFT, size + SHIFT, 3)` in [0, 255]. Instead
        of an image that cannot be decoded another one is drawn.
    """
    side = phase.image_size + SHIFT
    table = tf.constant(list(paths))
    ends = tf.constant(cumulative)

    def crop(position):
        def attempt(number):
            key = tf.stack([tf.cast(seed, tf.int64), position + number * ATTEMPT])
            draws = tf.random.stateless_uniform([11], key, dtype=tf.float64)
            index = tf.searchsorted(ends, draws[:1], side="right")[0]
            path = table[tf.minimum(index, len(paths) - 1)]
            return _crop(path, tf.cast(draws[1:], tf.float32), phase, side)

        # ignore_errors drops failed attempts; the first successful one is taken.
        attempts = tf.data.Dataset.range(16).map(attempt).ignore_errors()
        return attempts.take(1)

    start = first_step * phase.batch_size
    positions = tf.data.Dataset.range(start, start + steps * phase.batch_size)
    crops = positions.interleave(
        crop, cycle_length=2, num_parallel_calls=2, deterministic=True
    )
    batches = crops.batch(phase.batch_size, drop_remainder=True)
    # With a known length, Keras does not warn that the data ran out.
    return batches.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(2)


def _crop(path, draws, phase: DistillationPhase, side: int):
    image = tf.io.decode_image(
        tf.io.read_file(path), channels=3, expand_animations=False
    )
    low, high = phase.crop_scale
    scale = low + (high - low) * draws[0]
    ratio = tf.exp(ASPECT * (2 * draws[1] - 1))
    height, width = tf.minimum(scale * ratio, 1.0), tf.minimum(scale / ratio, 1.0)
    top, left = draws[2] * (1 - height), draws[3] * (1 - width)
    ends = tf.stack([left, left + width])
    ends = tf.where(draws[4] < 0.5, ends, ends[::-1])
    box = tf.stack([top, ends[0], top + height, ends[1]])
    image = tf.image.crop_and_resize(
        tf.cast(image, tf.float32)[None], box[None], [0], (side, side)
    )[0]
    contrast = 1 + CONTRAST * (2 * draws[5] - 1)
    shift = BRIGHTNESS * (2 * draws[6] - 1) + TINT * (2 * draws[7:10] - 1)
    return tf.clip_by_value((image - 128) * contrast + 128 + shift, 0, 255)
