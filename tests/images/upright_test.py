import numpy as np
import pytest
from PIL import Image, ImageOps

from keras_imgdesc.images.upright import UprightImage


@pytest.mark.parametrize("orientation", [*range(1, 9), 99])
def test_a_part_is_cut_from_the_upright_image(orientation, toy_image):
    image = Image.fromarray(toy_image)
    image.getexif()[0x0112] = orientation
    upright = UprightImage(image)
    expected = np.asarray(ImageOps.exif_transpose(image))
    assert (upright.height, upright.width) == expected.shape[:2]
    assert upright.is_sideways == (orientation in (5, 6, 7, 8))
    np.testing.assert_array_equal(upright.part(3, 17, 5, 29), expected[3:17, 5:29])
    np.testing.assert_array_equal(upright.whole(), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_image_is_put_together_from_parts(orientation, toy_image, monkeypatch):
    monkeypatch.setattr("keras_imgdesc.images.upright._PART_PIXELS", 130)
    image = Image.fromarray(toy_image)
    image.getexif()[0x0112] = orientation
    whole = UprightImage(image).whole()
    np.testing.assert_array_equal(whole, np.asarray(ImageOps.exif_transpose(image)))
    assert whole.flags.c_contiguous and whole.flags.writeable


def test_an_array_is_upright(toy_image):
    upright = UprightImage(toy_image)
    np.testing.assert_array_equal(upright.part(3, 17, 5, 29), toy_image[3:17, 5:29])
    np.testing.assert_array_equal(upright.whole(), toy_image)
