import numpy as np
import pytest

from keras_imgdesc.images import resize_image
from keras_imgdesc.lite.resizing import stretch


@pytest.mark.parametrize(
    "shape", [(1, 1), (40, 30), (96, 300), (224, 224), (333, 97), (375, 500)]
)
@pytest.mark.parametrize("size", [(96, 96), (224, 224), (17, 50)])
def test_every_bit_is_that_of_tensorflow(shape, size):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    stretched = stretch(image, size)
    assert stretched.dtype == np.uint8
    np.testing.assert_array_equal(stretched, resize_image(image, size))
