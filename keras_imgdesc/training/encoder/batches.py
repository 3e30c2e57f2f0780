"""Crops of photographs, without labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_imgdesc import images
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.encoder.model import SHIFT
from keras_imgdesc.training.encoder.recipe import DistillationPhase

# Strength of the colour changes, in units of [0, 255] pixels where not a factor.
CONTRAST = 0.3
BRIGHTNESS = 25.0
TINT = 12.0
# Far more positions than any run has lie between two attempts at the same one.
ATTEMPT = 2**56
# Largest natural logarithm of a crop's aspect ratio, halved.
ASPECT = 0.2


def list_folders(
    folders: Sequence[str | Path], weights: Sequence[float] = ()
) -> tuple[list[str], np.ndarray]:
    """Pictures of several folders and how often each is drawn.

    Args:
        folders: folders of pictures, searched in depth.
        weights: share of each folder; empty means that each picture counts the same.

    Returns:
        Paths, and the end of each picture's stretch of [0, 1] (cumulative
        probabilities, float64, same length).

    Raises:
        InputError: a folder without pictures, or weights of another number.
    """
    if weights and len(weights) != len(folders):
        raise InputError(
            "folder_weights must have one number for each folder",
            "Give as many weights as folders, or none",
            folder_weights=tuple(weights),
            folders=len(folders),
        )
    groups = [images.list_images([folder]) for folder in folders]
    shares = weights or [len(group) for group in groups]
    each = np.concatenate(
        [np.full(len(g), s / len(g)) for g, s in zip(groups, shares, strict=True)]
    )
    paths = [str(path) for group in groups for path in group]
    return paths, np.cumsum(each) / each.sum()


def crop_batches(
    paths: Sequence[str],
    cumulative: np.ndarray,
    phase: DistillationPhase,
    seed: int,
    first_step: int,
    steps: int,
) -> tf.data.Dataset:
    """Batches of random crops, each a pure function of (seed, step, position).

    Args:
        paths: pictures that TensorFlow decodes (JPEG, PNG, GIF, BMP).
        cumulative: as `list_folders` gives it.
        phase: its crop size, scale and batch size are used.
        seed: of the phase.
        first_step: number of the first step, from 0.
        steps: how many batches.

    Returns:
        Batches float32 `(batch, size + SHIFT, size + SHIFT, 3)` in [0, 255]. A
        picture that cannot be decoded is drawn again, from the next seed.
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

        # ignore_errors leaves out the attempts that fail; the first that works counts.
        attempts = tf.data.Dataset.range(16).map(attempt).ignore_errors()
        return attempts.take(1)

    start = first_step * phase.batch_size
    positions = tf.data.Dataset.range(start, start + steps * phase.batch_size)
    crops = positions.interleave(
        crop, cycle_length=2, num_parallel_calls=2, deterministic=True
    )
    batches = crops.batch(phase.batch_size, drop_remainder=True)
    # Told the length, Keras does not take its end for data running out.
    return batches.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(2)


def _crop(path, draws, phase: DistillationPhase, side: int):
    picture = tf.io.decode_image(
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
    picture = tf.image.crop_and_resize(
        tf.cast(picture, tf.float32)[None], box[None], [0], (side, side)
    )[0]
    contrast = 1 + CONTRAST * (2 * draws[5] - 1)
    shift = BRIGHTNESS * (2 * draws[6] - 1) + TINT * (2 * draws[7:10] - 1)
    return tf.clip_by_value((picture - 128) * contrast + 128 + shift, 0, 255)
