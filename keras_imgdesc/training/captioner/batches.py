"""Batches of pictures and captions, in an order that nothing but the seed decides."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

# Captions are sorted by length within so many batches: enough that those of a batch are
# alike, few enough that batches stay random.
SORTED_BATCHES = 40
# Pixels that full colour strength may add, and its change of contrast.
BRIGHTNESS = 40.0
CONTRAST = 0.4


@dataclass(frozen=True)
class Augmentation:
    """Changes of the pictures; see `CaptionRecipe` and `MatchingRecipe`."""

    flip: bool = False
    crop: float = 1.0
    colour: float = 0.0
    shrink: int = 0

    def __bool__(self) -> bool:
        return bool(self.flip or self.crop < 1 or self.colour > 0 or self.shrink)


def epoch_batches(
    gather: Callable[[np.ndarray], np.ndarray],
    name: str,
    token_ids: np.ndarray,
    *,
    batch_size: int,
    captions_per_image: int,
    seed: int,
    epoch: int,
    augmentation: Augmentation | None = None,
) -> tf.data.Dataset:
    """The batches of one epoch.

    Args:
        gather: positions of pictures to an array, `(pictures, ...)`: uint8 pixels or
            feature maps.
        name: the input they are for, `"image"` or `"feature_map"`.
        token_ids: int32 `(pictures, captions, length)`; a picture with fewer captions
            repeats some.
        batch_size: captions in a batch, a multiple of `captions_per_image`.
        captions_per_image: 1, or all captions of a picture together.
        seed, epoch: order and augmentation are a pure function of these.
        augmentation: for pixels only.

    Returns:
        `(inputs, token_ids, sample_weight)` as `CaptioningModel.fit` takes them. An
        incomplete last batch is left out.
    """
    generator = np.random.default_rng([seed, epoch])
    pictures, captions, length = token_ids.shape
    units = batch_size // captions_per_image
    if captions_per_image == 1:
        order = generator.permutation(pictures * captions)
        order = _by_length(order, token_ids.reshape(-1, length), units, generator)
    else:
        order = generator.permutation(pictures)
    steps = len(order) // units

    def batches() -> Iterator[tuple]:
        for step in range(steps):
            chosen = order[step * units : (step + 1) * units]
            if captions_per_image == 1:
                which, ids = chosen // captions, token_ids.reshape(-1, length)[chosen]
            else:
                which = chosen
                ids = token_ids[chosen, :captions_per_image].reshape(-1, length)
            # Nothing is computed for columns that are padding in all captions.
            ids = ids[:, : np.flatnonzero(ids.any(axis=0))[-1] + 1]
            weights = (ids[:, 1:] != 0).astype(np.float32)
            inputs = {name: gather(which), "token_ids": ids[:, :-1]}
            yield inputs, ids[:, 1:], weights

    example = gather(order[:1] * 0)
    words = tf.TensorSpec((batch_size, None), tf.int32)
    signature = (
        {
            name: tf.TensorSpec((units, *example.shape[1:]), example.dtype),
            "token_ids": words,
        },
        words,
        tf.TensorSpec((batch_size, None), tf.float32),
    )
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    if augmentation:
        numbered = tf.data.Dataset.zip(tf.data.Dataset.range(steps), dataset)

        def change(step, batch):
            inputs, target, weights = batch
            key = tf.stack([tf.cast(seed * 100_003 + epoch, tf.int64), step])
            inputs = dict(inputs, image=augment(inputs[name], key, augmentation))
            return inputs, target, weights

        dataset = numbered.map(change, num_parallel_calls=2, deterministic=True)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    return dataset.prefetch(3)


def _by_length(
    order: np.ndarray, token_ids: np.ndarray, units: int, generator: np.random.Generator
) -> np.ndarray:
    """The same captions, those of like length in a batch, batches in random order."""
    lengths = (token_ids[order] != 0).sum(axis=1)
    window = units * SORTED_BATCHES
    for start in range(0, len(order), window):
        part = slice(start, start + window)
        order[part] = order[part][np.argsort(lengths[part], kind="stable")]
    whole = len(order) // units * units
    batches = order[:whole].reshape(-1, units)
    return generator.permutation(batches, axis=0).reshape(-1)


def augment(images: tf.Tensor, key: tf.Tensor, how: Augmentation) -> tf.Tensor:
    """Random crop, mirror image and colours, seen as small as `how` says.

    Args:
        images: uint8 `(batch, size, size, 3)`.
        key: int64 `(2,)`, the seed.
        how: what to change.

    Returns:
        float32 in [0, 255], the same shape.
    """
    count, size = tf.shape(images)[0], images.shape[1]
    draws = tf.random.stateless_uniform([7, count], key)
    side = how.crop + (1 - how.crop) * draws[0]
    top, left = draws[1] * (1 - side), draws[2] * (1 - side)
    right = left + side
    if how.flip:
        mirrored = draws[3] < 0.5
        left, right = tf.where(mirrored, right, left), tf.where(mirrored, left, right)
    boxes = tf.stack([top, left, top + side, right], axis=1)
    pixels = tf.cast(images, tf.float32)
    if how.flip or how.crop < 1:
        pixels = tf.image.crop_and_resize(pixels, boxes, tf.range(count), (size, size))
    contrast = 1 + CONTRAST * how.colour * (2 * draws[4] - 1)
    shift = BRIGHTNESS * how.colour * (2 * draws[5] - 1)
    pixels = (pixels - 128) * contrast[:, None, None, None] + 128
    pixels = tf.clip_by_value(pixels + shift[:, None, None, None], 0, 255)
    if how.shrink:
        small = tf.image.resize(pixels, (how.shrink, how.shrink), antialias=True)
        pixels = tf.image.resize(small, (size, size))
    return pixels
