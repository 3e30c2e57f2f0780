import numpy as np
import pytest
from keras import ops
from scipy import ndimage

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import Sharpening


def sharpen(picture: np.ndarray, rounds: int) -> np.ndarray:
    return ops.convert_to_numpy(Sharpening(rounds)(picture[None]))[0]


def test_soft_edges_become_steep_without_halos():
    disc = np.hypot(*np.mgrid[-8:8, -8:8]) < 5
    sharp = np.where(disc, 0.7, -0.4).astype("float32")[..., None]
    soft = ndimage.gaussian_filter(sharp, (1, 1, 0))
    found = sharpen(soft, 3)
    assert soft.min() <= found.min() and found.max() <= soft.max()
    assert np.abs(found - sharp).mean() < 0.4 * np.abs(soft - sharp).mean()


@pytest.mark.parametrize("rounds", [1, 4])
def test_uniform_areas_do_not_change(rounds):
    ground = np.full((7, 9, 3), [0.3, -0.5, 1.0], "float32")
    np.testing.assert_allclose(sharpen(ground, rounds), ground, atol=1e-6)


def test_rounds_follow_one_another():
    picture = np.random.default_rng(0).normal(size=(8, 8, 3)).astype("float32")
    np.testing.assert_allclose(
        sharpen(picture, 3), sharpen(sharpen(picture, 1), 2), atol=1e-6
    )
    with pytest.raises(InputError, match="rounds=0"):
        Sharpening(0)
