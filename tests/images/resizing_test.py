import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.images import resize_image


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (31, 47, 3)).astype("uint8")


def test_values_follow_the_definition(noise):
    """Bilinear with anti-aliasing: a triangle as wide as the shrinking."""

    def weights(old, new):
        scale = old / new
        centres = (np.arange(new) + 0.5) * scale - 0.5
        distance = np.abs(np.arange(old) - centres[:, None]) / max(scale, 1)
        triangle = np.maximum(0, 1 - distance)
        return triangle / triangle.sum(axis=1, keepdims=True)

    for height, width in ((12, 20), (40, 20), (62, 94), (1, 1)):
        pixels = np.einsum(
            "yh,xw,hwc->yxc", weights(31, height), weights(47, width), noise
        )
        resized = resize_image(noise, (height, width))
        assert resized.shape == (height, width, 3)
        assert resized.dtype == np.uint8
        # Half a step from rounding, and what float32 adds to it.
        assert np.abs(resized - pixels).max() < 0.501


def test_the_same_size_changes_nothing(noise):
    assert resize_image(noise, (31, 47)) is noise
    tensor = tf.constant(noise)
    assert resize_image(tensor, (31, 47)) is tensor


def test_python_and_graph_agree(noise):
    spec = tf.TensorSpec([None, None, 3], tf.uint8)
    for size in ((16, 16), (60, 70), (31, 47)):
        graph = tf.function(lambda x: resize_image(x, size), input_signature=[spec])  # noqa: B023
        in_graph = graph(noise)
        assert in_graph.shape == (*size, 3)
        np.testing.assert_array_equal(in_graph, resize_image(noise, size))


def test_a_batch_equals_its_images(noise):
    batch = np.stack([noise, noise[::-1], 255 - noise])
    together = resize_image(batch, 16)
    assert isinstance(together, np.ndarray)
    for image, resized in zip(batch, together):
        np.testing.assert_array_equal(resized, resize_image(image, (16, 16)))


def test_a_tensor_gives_a_tensor(noise):
    assert tf.is_tensor(resize_image(tf.constant(noise), 8))


def test_one_pixel_and_flat_colours():
    for shape in ((1, 1, 3), (1, 9, 3), (50, 50, 1)):
        for value in (0, 77, 255):
            flat = np.full(shape, value, "uint8")
            assert np.unique(resize_image(flat, (7, 8))).tolist() == [value]


@pytest.mark.parametrize("size", [0, (0, 5), (5, -1), (5,), (5, 5, 3), (2.5, 2)])
def test_bad_sizes_are_refused(noise, size):
    with pytest.raises(InputError, match="image_size"):
        resize_image(noise, size)


@pytest.mark.parametrize("image", [np.zeros((4, 4), "uint8"), np.zeros((4, 4, 3))])
def test_bad_images_are_refused(image):
    for kind in (np.asarray, tf.constant):
        with pytest.raises(InputError, match="uint8"):
            resize_image(kind(image), (2, 2))
