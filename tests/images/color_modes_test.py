"""Colour modes, through `load_image`, as they come from files."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images import load_image


def assert_close(image, expected, tolerance):
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= tolerance


def encode(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def test_alpha_becomes_white(toy_image, save_image):
    alpha = np.linspace(0, 255, 1200).reshape(30, 40, 1).round().astype("uint8")
    rgba = np.concatenate([toy_image, alpha], axis=-1)
    share = alpha / 255
    expected = np.rint(toy_image * share + 255 * (1 - share)).astype("uint8")
    path = save_image("a.png", rgba)
    webp = save_image("a.webp", rgba, lossless=True, exact=True)
    for source in (rgba, path, webp, Image.fromarray(rgba).convert("RGBa")):
        assert_close(load_image(source), expected, 2)
    np.testing.assert_array_equal(load_image(rgba), load_image(path))
    assert load_image(rgba)[0, 0].tolist() == [255, 255, 255]
    np.testing.assert_array_equal(load_image(rgba)[-1, -1], toy_image[-1, -1])


def test_grey_with_alpha(save_image):
    image = Image.new("LA", (2, 1), (100, 255))
    image.putpixel((1, 0), (100, 0))
    expected = [[[100, 100, 100], [255, 255, 255]]]
    assert load_image(save_image("a.png", image)).tolist() == expected
    assert load_image(image.convert("La")).tolist() == expected


@pytest.mark.parametrize("mode", ["L", "1", "HSV", "YCbCr", "RGBX", "CMYK"])
def test_modes_without_transparency(mode, toy_image):
    image = Image.fromarray(toy_image).convert(mode)
    np.testing.assert_array_equal(load_image(image), image.convert("RGB"))


def test_palette_with_and_without_transparency(save_image):
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    for column in range(3):
        image.putpixel((column, 0), column)
    red, green, blue, white = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255] * 3
    # TensorFlow, which the exported forms read with, makes a GIF's transparency black.
    for suffix, ground in {"png": white, "gif": [0, 0, 0]}.items():
        path = save_image(f"a.{suffix}", image)
        assert load_image(path).tolist() == [[red, green, blue]]
        path = save_image(f"a.{suffix}", image, transparency=1)
        assert load_image(path).tolist() == [[red, ground, blue]]
    half = save_image("a.png", image, transparency=bytes([255, 0, 127]))
    assert load_image(half).tolist() == [[red, white, [128, 128, 255]]]


def test_one_colour_as_transparency(save_image):
    image = Image.new("RGB", (2, 1), (10, 20, 30))
    image.putpixel((0, 0), (1, 2, 3))
    path = save_image("a.png", image, transparency=(10, 20, 30))
    assert load_image(path).tolist() == [[[1, 2, 3], [255] * 3]]
    grey = Image.fromarray(np.array([[300, 60_000]], "uint16"))
    path = save_image("b.png", grey, transparency=300)
    assert load_image(path).tolist() == [[[255] * 3, [234] * 3]]


def test_sixteen_bits_are_scaled(save_image):
    values = np.linspace(0, 65535, 300).astype("uint16").reshape(15, 20)
    expected = np.stack([values >> 8] * 3, axis=-1)
    assert expected.max() == 255 and expected.min() == 0
    path = save_image("a.png", values)
    for source in (
        path,
        save_image("a.tif", values),
        Image.fromarray(values),
        Image.fromarray(values.astype("int32")),
    ):
        np.testing.assert_array_equal(load_image(source), expected)
    in_graph = tf.io.decode_png(path.read_bytes(), channels=3)
    np.testing.assert_array_equal(load_image(path), in_graph)


def test_sixteen_bit_colour(toy_image):
    height, width, _ = toy_image.shape
    values = (toy_image.astype("uint16") * 256 + 199).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    content += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(load_image(content), toy_image)


def test_modes_without_a_defined_range():
    small = np.arange(256).reshape(16, 16)
    expected = np.stack([small] * 3, axis=-1)
    for values in (
        small.astype("int32"),
        small.astype("float32"),
        (small / 255).astype("float32"),
    ):
        np.testing.assert_array_equal(load_image(Image.fromarray(values)), expected)
    for wrong in (-1, 65536, 1 << 30):
        with pytest.raises(ImageError, match="mode 'I'"):
            load_image(Image.fromarray(np.full((4, 4), wrong, "int32")))
    for wrong in (-0.5, 256.0, np.nan, np.inf):
        with pytest.raises(ImageError, match="finite|mode 'F'"):
            load_image(Image.fromarray(np.full((4, 4), wrong, "float32")))


def test_cmyk_jpeg_with_and_without_adobes_marker(toy_image):
    with_marker = encode(Image.fromarray(toy_image).convert("CMYK"), "JPEG", quality=98)
    assert_close(load_image(with_marker), toy_image, 12)
    # Without it, the same numbers mean ink instead of light.
    start = with_marker.index(b"\xff\xee")
    assert with_marker[start + 4 : start + 9] == b"Adobe"
    without = with_marker[:start] + with_marker[start + 16 :]
    for content in (with_marker, without):
        in_graph = tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE")
        assert_close(load_image(content), in_graph.numpy().astype(int), 1)
    assert np.abs(load_image(without).astype(int) - toy_image).max() > 100


def test_strips_change_nothing(toy_image, monkeypatch):
    alpha = toy_image[..., :1]
    images = [
        Image.fromarray(np.concatenate([toy_image, alpha], axis=-1)),
        Image.fromarray(toy_image).quantize(16),
        Image.fromarray(toy_image[..., 0].astype("uint16") * 200),
        Image.fromarray(toy_image[..., 0].astype("int32") * 200),
        Image.fromarray(toy_image[..., 0].astype("float32")),
    ]
    whole = [load_image(image) for image in images]
    monkeypatch.setattr("keras_imgdesc.images.upright._PART_PIXELS", 280)
    for image, expected in zip(images, whole):
        np.testing.assert_array_equal(load_image(image), expected)
