import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images import load_image, resize_image
from keras_imgdesc.lite.resizing import read_stretched, stretch


@pytest.mark.parametrize(
    "shape",
    [(1, 1), (40, 30), (96, 300), (224, 224), (333, 97), (375, 500), (1200, 1601)],
)
@pytest.mark.parametrize("size", [(96, 96), (224, 224), (17, 50)])
def test_every_bit_is_that_of_tensorflow(shape, size):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    stretched = stretch(image, size)
    assert stretched.dtype == np.uint8
    np.testing.assert_array_equal(stretched, resize_image(image, size))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shape", [(24, 36), (700, 150), (150, 700)])
def test_a_file_gives_the_pixels_of_the_whole_image(orientation, shape, save_image):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save_image("a.png", image, exif=exif)
    upright = load_image(path)
    for size in ((36, 24), (24, 36), (40, 32), (17, 50)):
        np.testing.assert_array_equal(
            read_stretched(path, size)[0], resize_image(upright, size)
        )


def test_every_mode_gives_the_pixels_of_the_whole_image():
    values = np.random.default_rng(0).integers(0, 256, (60, 500, 4), np.uint8)
    images = [
        values,
        values[..., 0],
        Image.fromarray(values),
        Image.fromarray(values[..., :3]).quantize(16),
        Image.fromarray(values[..., 0].astype("uint16") * 200),
        Image.fromarray(values[..., 0].astype("int32") * 200),
        Image.fromarray(values[..., 0].astype("float32")),
    ]
    for image in images:
        np.testing.assert_array_equal(
            read_stretched(image, (32, 48))[0],
            resize_image(load_image(image), (32, 48)),
        )


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"not an image")
    with pytest.raises(ImageError, match="broken.jpg"):
        read_stretched(tmp_path / "broken.jpg", (32, 32))
