import keras
import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import load_image, resize_image


def test_the_remedy_for_an_array_of_keras_works(toy_image):
    array = keras.utils.img_to_array(toy_image)
    for refuse in (load_image, lambda image: resize_image(image, 4)):
        with pytest.raises(InputError, match="from 0 to 255") as caught:
            refuse(array)
        assert '`array.astype("uint8")`' in str(caught.value)
        assert "* 255" not in str(caught.value)
    np.testing.assert_array_equal(load_image(array.astype("uint8")), toy_image)


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        (np.array([0.0, 0.5, 1.0]), "np.rint(array * 255).astype('uint8')"),
        (np.array([0, 128, 255], "int64"), 'array.astype("uint8")'),
        (np.array([0.0, 9.0, 255.0], ml_dtypes.bfloat16), 'array.astype("uint8")'),
        (np.array([False, True, True]), 'array.astype("uint8") * 255'),
        (np.array([0, 9, 65535], "uint16"), '(array >> 8).astype("uint8")'),
        (np.array([-1.0, 0.0, 1.0]), "Undo the scaling"),
        (np.array([0.0, np.nan, 1.0]), "Undo the scaling"),
    ],
)
def test_the_remedy_fits_the_values(values, remedy):
    with pytest.raises(ImageError, match="must be uint8") as caught:
        load_image(np.tile(values, (4, 4, 1)))
    assert remedy in str(caught.value)


def test_the_remedy_for_a_tensor_converts_it_to_an_array(toy_image):
    tensor = tf.cast(toy_image, "float32")
    with pytest.raises(ImageError, match=r"`np.asarray\(image\).astype\(.uint8.\)`"):
        load_image(tensor)
    converted = np.asarray(tensor).astype("uint8")
    np.testing.assert_array_equal(load_image(converted), toy_image)
