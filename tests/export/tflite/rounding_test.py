import numpy as np
import pytest

from keras_imgdesc.export.tflite.rounding import (
    round_for_inputs,
    round_keeping_sums,
    row_scales,
)


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    rows = random.normal(size=(20, 64)).astype(np.float32)
    rows[3] = 0
    return rows


def test_the_largest_weight_of_a_row_is_127(rows):
    scales = row_scales(rows)
    assert scales.dtype == np.float32 and scales[3] == 1
    for rounded in (
        round_keeping_sums(rows, scales),
        round_for_inputs(rows, scales, np.eye(64)),
    ):
        assert rounded.dtype == np.int8
        largest = np.abs(rounded.astype(int)).max(axis=1)
        np.testing.assert_array_equal(np.delete(largest, 3), 127)
        assert not rounded[3].any()
        # Less than a whole step away, each of them.
        assert np.abs(rounded * scales[:, None] - rows).max() < scales.max()


def test_sums_stay(rows):
    scales = row_scales(rows)
    sums = rows.sum(axis=1) / scales
    kept = round_keeping_sums(rows, scales).astype(int).sum(axis=1)
    plain = np.rint(rows / scales[:, None]).sum(axis=1)
    assert np.abs(kept - sums).max() < 0.51
    assert np.abs(plain - sums).max() > 1.5


def test_outputs_for_known_inputs_change_less(rows):
    random = np.random.default_rng(1)
    # Five causes behind 64 inputs, and a mean.
    inputs = np.abs(random.normal(size=(500, 5)) @ random.normal(size=(5, 64)))
    moments = inputs.T @ inputs / len(inputs)
    scales = row_scales(rows)

    def error(rounded):
        return np.square(inputs @ (rounded * scales[:, None] - rows).T).mean()

    plain = error(np.rint(rows / scales[:, None]))
    assert error(round_for_inputs(rows, scales, moments)) < 0.1 * plain
    assert error(round_keeping_sums(rows, scales)) < 0.8 * plain


def test_inputs_that_are_always_0_do_no_harm(rows):
    moments = np.zeros((64, 64))
    rounded = round_for_inputs(rows, row_scales(rows), moments)
    np.testing.assert_array_equal(
        rounded, np.rint(rows / row_scales(rows)[:, None]).astype(np.int8)
    )
