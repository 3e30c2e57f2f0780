"""Batches of images and captions, in an order determined by the seed."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.captioner.tokenized_captions import TokenizedCaptions
from keras_imgdesc.training.inputs.augmentation import Augmentation, augment
from keras_imgdesc.training.inputs.images import Gather

# Captions are sorted by length within groups of this many batches: enough for those of
# a batch to have similar lengths, few enough for batches to stay random.
SORTED_BATCHES = 40


def epoch_batches(
    gather: Gather,
    name: str,
    captions: TokenizedCaptions,
    *,
    batch_size: int,
    captions_per_image: int,
    seed: int,
    epoch: int,
    augmentation: Augmentation | None = None,
) -> tf.data.Dataset:
    """Return the batches of one epoch.

    Args:
        gather: function from image numbers to an array `(images, ...)`: uint8 pixels
            or feature maps.
        name: model input for that array, `"image"` or `"feature_map"`.
        captions: the captions of the images.
        batch_size: captions per batch, a multiple of `captions_per_image`.
        captions_per_image: captions per image that share a batch. With 1, an epoch is
            a pass over all captions; otherwise over all images, each with some of its
            captions (see `TokenizedCaptions.choose`).
        seed, epoch: determine order and augmentation.
        augmentation: changes of the images; for pixels only.

    Returns:
        `(inputs, token_ids, sample_weight)` for `CaptioningModel.fit`. An incomplete
        last batch is dropped.
    """
    generator = np.random.default_rng([seed, epoch])
    units = batch_size // captions_per_image
    if captions_per_image == 1:
        order = generator.permutation(captions.num_captions)
        order = group_by_length(order, captions.lengths, units, generator).reshape(-1)
    else:
        order = generator.permutation(captions.num_images)
    steps = len(order) // units

    def batches() -> Iterator[tuple]:
        for step in range(steps):
            chosen = order[step * units : (step + 1) * units]
            if captions_per_image == 1:
                which, rows = captions.image_of[chosen], chosen
            else:
                which = chosen
                rows = captions.choose(chosen, captions_per_image, epoch).reshape(-1)
            ids = captions.token_ids[rows]
            # Columns that are padding in every caption are not computed.
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


def count_batches(
    captions: TokenizedCaptions, batch_size: int, captions_per_image: int
) -> int:
    """Return the number of batches of an epoch; see `epoch_batches`.

    Raises:
        InputError: there are too few images or captions for a batch.
    """
    by_caption = captions_per_image == 1
    units = captions.num_captions if by_caption else captions.num_images
    units_per_batch = batch_size // captions_per_image
    if units < units_per_batch:
        raise InputError(
            "There must be enough images for a batch",
            "Use a smaller batch_size",
            batch_size=batch_size,
            images=captions.num_images,
            captions=captions.num_captions,
        )
    return units // units_per_batch


def group_by_length(
    order: np.ndarray, lengths: np.ndarray, units: int, generator: np.random.Generator
) -> np.ndarray:
    """Group captions of similar length into batches, and shuffle the batches.

    Args:
        order: the captions in random order, int (captions,).
        lengths: length of each caption, int (captions,).
        units: captions per batch.
        generator: shuffles the batches.

    Returns:
        int (batches, units); the captions that are left over are dropped.
    """
    window = units * SORTED_BATCHES
    for start in range(0, len(order), window):
        part = slice(start, start + window)
        order[part] = order[part][np.argsort(lengths[order[part]], kind="stable")]
    complete = len(order) // units * units
    batches = order[:complete].reshape(-1, units)
    return generator.permutation(batches, axis=0)
