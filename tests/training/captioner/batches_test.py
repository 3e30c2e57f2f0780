import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc.training.captioner.batches import (
    Augmentation,
    augment,
    epoch_batches,
)

TOKEN_IDS = np.zeros((6, 2, 5), np.int32)
TOKEN_IDS[..., 0] = 2
TOKEN_IDS[..., 1] = 10 + np.arange(12).reshape(6, 2)
TOKEN_IDS[..., 2] = 3
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
PIXELS[:, 0, 0, 0] = np.arange(6)


def epoch(number=0, seed=0, captions_per_image=1, augmentation=None, batch_size=4):
    return list(
        epoch_batches(
            lambda indices: PIXELS[indices],
            "image",
            TOKEN_IDS,
            batch_size=batch_size,
            captions_per_image=captions_per_image,
            seed=seed,
            epoch=number,
            augmentation=augmentation,
        ).as_numpy_iterator()
    )


@pytest.mark.parametrize("captions_per_image", [1, 2])
def test_an_epoch_has_every_caption_once_with_its_picture(captions_per_image):
    seen = []
    for inputs, target, weights in epoch(captions_per_image=captions_per_image):
        pictures = np.repeat(inputs["image"][:, 0, 0, 0], captions_per_image)
        np.testing.assert_array_equal(inputs["token_ids"][:, 1], target[:, 0])
        # Word 10 + 2 i or 11 + 2 i belongs to picture i.
        np.testing.assert_array_equal((target[:, 0] - 10) // 2, pictures)
        np.testing.assert_array_equal(weights, target != 0)
        seen += target[:, 0].tolist()
    assert sorted(seen) == list(range(10, 22))


def test_order_hangs_on_seed_and_epoch_alone():
    def order(**kwargs):
        return [batch[1][:, 0].tolist() for batch in epoch(**kwargs)]

    assert order() == order()
    assert order() != order(number=1)
    assert order() != order(seed=1)


def test_augmentation_hangs_on_seed_and_epoch_alone():
    how = Augmentation(flip=True, crop=0.7, colour=0.5)
    first, again = epoch(augmentation=how), epoch(augmentation=how)
    for a, b in zip(first, again):
        np.testing.assert_array_equal(a[0]["image"], b[0]["image"])
    other = epoch(augmentation=how, number=1)
    assert np.abs(first[0][0]["image"] - other[0][0]["image"]).max() > 1


def test_each_change_does_what_it_says():
    key = tf.constant([1, 2], tf.int64)
    images = tf.constant(PIXELS)
    np.testing.assert_array_equal(augment(images, key, Augmentation()), PIXELS)
    flipped = augment(images, key, Augmentation(flip=True)).numpy()
    mirrored = [np.allclose(a, b[:, ::-1], atol=1e-3) for a, b in zip(flipped, PIXELS)]
    same = [np.allclose(a, b, atol=1e-3) for a, b in zip(flipped, PIXELS)]
    assert all(m or s for m, s in zip(mirrored, same)) and any(mirrored) and any(same)
    # A ramp stays a ramp in a crop, of a smaller range.
    ramp = np.tile(np.arange(0, 240, 30, dtype=np.uint8), (20, 8, 1))[..., None]
    ramp = np.repeat(ramp, 3, axis=-1)
    cropped = augment(tf.constant(ramp), key, Augmentation(crop=0.5)).numpy()
    spans = cropped[:, 0, -1, 0] - cropped[:, 0, 0, 0]
    assert spans.min() >= 0.49 * 210 and spans.max() < 211 and np.ptp(spans) > 20
