import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import (
    augment,
    detail,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    matching_cross_entropy,
    normal_divergence,
    to_pixels,
    to_uint8,
)


def array(*values: float) -> np.ndarray:
    return np.array(values, "float32")


def test_hinge():
    found = discriminator_loss(array(0.5, 2), array(-2, 0), array(1, -3), "hinge")
    assert float(found) == pytest.approx(0.25 + 0.5 * (0.5 + 1.0))
    assert float(discriminator_loss(array(0), array(0), None)) == 2.0
    assert float(generator_loss(array(1, 3))) == -2.0


def test_non_saturating():
    found = discriminator_loss(array(1), array(-1), array(2), "non_saturating")
    expected = np.log1p(np.exp([-1.0, -1.0, 2.0]))
    assert float(found) == pytest.approx(
        expected[0] + 0.5 * expected[1:].sum(), rel=1e-5
    )
    found = generator_loss(array(-1), "non_saturating")
    assert float(found) == pytest.approx(np.log1p(np.e), rel=1e-5)
    with pytest.raises(InputError, match="loss"):
        generator_loss(array(0), "wasserstein")


def test_divergence_is_that_of_normal_distributions():
    mean, log_variance = array(1, 0)[None], array(0, np.log(4))[None]
    expected = 0.5 * (1 + (4 - np.log(4) - 1))
    assert float(normal_divergence(mean, log_variance)) == pytest.approx(expected)


def test_gradient_penalty_sums_both_norms():
    image = np.zeros((1, 2, 2, 3), "float32")
    image[0, 0, 0, 0] = 3.0
    found = gradient_penalty(image, array(0, 4)[None], power=2.0)
    assert float(found) == pytest.approx(49.0, rel=1e-4)


def test_matching_counts_wrong_texts_and_spares_equal_ones():
    scores = np.array([[2, 0, 1], [0, 3, 0]], "float32")
    found = float(matching_cross_entropy(scores))
    rows = np.log(np.exp(scores).sum(axis=1)) - [2, 3]
    columns = np.log(np.exp(scores[:, :2]).sum(axis=0)) - [2, 3]
    assert found == pytest.approx(0.5 * (rows.mean() + columns.mean()), rel=1e-5)
    same = np.ones((2, 2), bool)
    assert float(matching_cross_entropy(scores[:, :2], same)) == pytest.approx(
        0, abs=1e-6
    )
    # The third text is that of the first picture once more.
    same = np.array([[True, False, True], [False, True, False]])
    rows = np.log([np.exp(2) + 1, np.exp(3) + 2]) - [2, 3]
    found = float(matching_cross_entropy(scores, same))
    assert found == pytest.approx(0.5 * (rows.mean() + columns.mean()), rel=1e-5)


def test_every_pixel_value_survives_the_conversion():
    image = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(to_uint8(to_pixels(image)), image)


def test_a_translation_fills_with_zeros():
    picture = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    chances = np.full((2, 8), 0.5, "float32")
    chances[0, 4], chances[1, 5] = 0.0, 0.999  # a pixel down; a pixel to the left
    found = np.asarray(augment(picture, chances, ("translation",)))
    np.testing.assert_allclose(found[0, 1:], picture[0, :-1], rtol=1e-6)
    assert not found[0, 0].any() and not found[1, :, -1].any()
    np.testing.assert_allclose(found[1, :, :-1], picture[1, :, 1:], rtol=1e-6)


def test_cutout_and_flip():
    picture = np.ones((1, 8, 8, 3), "float32")
    chances = np.full((1, 8), 0.5, "float32")
    found = np.asarray(augment(picture, chances, ("cutout",)))
    assert found.sum() == 3 * (64 - 16)
    picture = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    chances = np.array([[0.0] * 8, [0.9] * 8], "float32")
    found = np.asarray(augment(picture, chances, ("flip",)))
    np.testing.assert_array_equal(found[0], picture[0, :, ::-1])
    np.testing.assert_array_equal(found[1], picture[1])


def test_colour_in_the_middle_changes_nothing():
    picture = np.random.default_rng(0).normal(size=(1, 8, 8, 3)).astype("float32")
    middle = np.full((1, 8), 0.5, "float32")
    found = augment(picture, middle, ("colour",))
    np.testing.assert_allclose(found, picture, atol=1e-6)
    with pytest.raises(InputError, match="augmentation must be one of"):
        augment(picture, middle, ("hue",))


def test_detail_is_where_a_small_thing_is():
    pixels = np.zeros((2, 64, 64, 3), "float32")
    pixels[0, 30:34, 30:34] = 1.0
    pixels[1, 12:52, 12:52] = 1.0
    small, large = np.asarray(detail(pixels))[..., 0]
    assert small[32, 32] == pytest.approx(1 - 16 / 17**2)
    assert large[32, 32] == 0.0 and large[12, 32] > 0.4
    assert small[5, 5] == large[2, 2] == 0.0
