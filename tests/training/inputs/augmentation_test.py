import numpy as np
import tensorflow as tf

from keras_imgdesc.training.inputs.augmentation import Augmentation, augment

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
PIXELS[:, 0, 0, 0] = np.arange(6)


def test_flip_and_crop():
    key = tf.constant([1, 2], tf.int64)
    images = tf.constant(PIXELS)
    assert not Augmentation() and Augmentation(shrink=4)
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
