import math

import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning.decoders.caption_positions import CaptionPositions
from keras_imgdesc.errors import InputError


@pytest.mark.parametrize("width", [6, 7])
def test_positions_are_sines_and_cosines(width):
    x = np.ones((2, 4, width), "float32")
    got = ops.convert_to_numpy(CaptionPositions(max_length=4)(x))
    for position in range(4):
        for column in range(width):
            even = column - column % 2
            angle = position / 10_000 ** (even / width)
            expected = 1 + (math.cos(angle) if column % 2 else math.sin(angle))
            assert got[0, position, column] == pytest.approx(expected, abs=1e-6)


def test_a_given_position_has_the_same_vector():
    positions = CaptionPositions(max_length=5)
    together = ops.convert_to_numpy(positions(np.zeros((1, 5, 8), "float32")))[0]
    order = np.array([3, 0, 4], "int32")
    alone = positions.at(ops.zeros((3, 8)), ops.convert_to_tensor(order))
    np.testing.assert_array_equal(ops.convert_to_numpy(alone), together[order])


def test_a_caption_that_is_too_long_is_refused():
    with pytest.raises(InputError, match=r"max_length.*words=7, max_length=6"):
        CaptionPositions(max_length=6)(np.zeros((1, 7, 4), "float32"))
