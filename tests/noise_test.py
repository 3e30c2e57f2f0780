import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.noise import (
    check_steps,
    draw_normal,
    interpolated_noise,
    threefry,
)


@pytest.mark.parametrize(
    ("key", "counter", "words"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        (
            (0xFFFFFFFF, 0xFFFFFFFF),
            (0xFFFFFFFF, 0xFFFFFFFF),
            (0x1CB996FC, 0xBB002BE7),
        ),
        (
            (0x13198A2E, 0x03707344),
            (0x243F6A88, 0x85A308D3),
            (0xC4923A9C, 0x483DF7A0),
        ),
    ],
)
def test_words_equal_the_published_ones(key, counter, words):
    assert threefry(key, counter) == words
    arrays = [tuple(np.array([v, v], np.int64) for v in x) for x in (key, counter)]
    assert [w.tolist() for w in threefry(*arrays)] == [[w, w] for w in words]


def test_values_are_normal_and_independent():
    noise = draw_normal(5000, 33, seed=2**40 + 7)
    assert noise.shape == (5000, 33) and noise.dtype == np.float32
    assert abs(noise.mean()) < 0.01 and abs(noise.std() - 1) < 0.01
    assert abs((noise**4).mean() - 3) < 0.05
    together = np.corrcoef(noise, rowvar=False) - np.eye(33)
    assert np.abs(together).max() < 0.07


def test_a_value_depends_only_on_seed_row_and_column():
    noise = draw_normal(6, 7, 3)
    np.testing.assert_array_equal(draw_normal(2, 4, 3), noise[:2, :4])
    assert len(np.unique(noise)) == noise.size
    for seed in (4, 3 + 2**32, 2**63 - 1):
        assert not np.isin(draw_normal(6, 7, seed), noise).any()


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(InputError, match=f"seed={seed}"):
        draw_normal(1, 1, seed)


def test_interpolated_noise_goes_from_one_draw_to_the_next():
    found = interpolated_noise(steps=5, width=6, seed=3)
    first, last = draw_normal(2, 6, 3)
    np.testing.assert_allclose(found[[0, -1]], [first, last], atol=1e-6)
    same = interpolated_noise(steps=5, width=6, seed=3, same_noise=True)
    np.testing.assert_array_equal(same, np.tile(first, (5, 1)))


@pytest.mark.parametrize("steps", [1, 10_001])
def test_too_few_or_many_steps_are_refused(steps):
    with pytest.raises(InputError, match=f"steps={steps}"):
        check_steps(steps)
