import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images import load_image

LOSSLESS = {
    "png": {},
    "bmp": {},
    "webp": {"lossless": True},
    "tif": {"compression": "tiff_lzw"},
}


def assert_close(image, expected, tolerance):
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= tolerance


def encode(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_lossless_formats(suffix, toy_image, save_image):
    path = save_image(f"a.{suffix}", toy_image, **LOSSLESS[suffix])
    for source in (path, str(path), path.read_bytes(), Image.open(path)):
        np.testing.assert_array_equal(load_image(source), toy_image)


def test_lossy_formats(toy_image, save_image):
    for name, tolerance in {"a.jpg": 12, "a.webp": 16, "a.gif": 40}.items():
        path = save_image(name, toy_image)
        assert_close(load_image(path), toy_image, tolerance)


def test_content_decides_and_not_the_name(toy_image, save_image):
    path = save_image("a.png", toy_image)
    np.testing.assert_array_equal(load_image(path.rename(f"{path}.jpg")), toy_image)


@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize("is_progressive", [False, True])
def test_a_jpeg_has_the_pixels_of_tensorflow(toy_image, subsampling, is_progressive):
    content = encode(
        Image.fromarray(toy_image),
        "JPEG",
        quality=70,
        subsampling=subsampling,
        progressive=is_progressive,
    )
    in_graph = tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE")
    np.testing.assert_array_equal(load_image(content), in_graph)


def test_first_frame_of_an_animation(toy_image, save_image):
    frames = [Image.new("RGB", (8, 6), color) for color in ("red", "lime", "blue")]
    for suffix in ("gif", "png", "webp"):
        path = save_image(
            f"a.{suffix}", frames[0], save_all=True, append_images=frames[1:]
        )
        assert load_image(path)[3, 4].argmax() == 0, suffix
    photo = Image.fromarray(toy_image)
    path = save_image("a.mpo", photo, save_all=True, append_images=frames[1:])
    assert_close(load_image(path), toy_image, 12)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_orientation(orientation, suffix, toy_image, save_image):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save_image(f"a.{suffix}", toy_image, exif=exif)
    image = load_image(path)
    assert image.flags.c_contiguous
    with Image.open(path) as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
        np.testing.assert_array_equal(image, expected)
    assert image.shape[:2] == ((30, 40) if orientation < 5 else (40, 30))
    with Image.open(path) as opened:
        np.testing.assert_array_equal(load_image(opened), expected)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning:PIL")
def test_broken_camera_data_is_ignored(toy_image):
    image = Image.fromarray(toy_image)
    expected = load_image(encode(image, "JPEG"))
    for exif in (b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"):
        loaded = load_image(encode(image, "JPEG", exif=exif))
        np.testing.assert_array_equal(loaded, expected)
    exif = Image.Exif()
    exif[0x0112] = 99
    loaded = load_image(encode(image, "JPEG", exif=exif))
    np.testing.assert_array_equal(loaded, expected)


def test_arrays(toy_image):
    np.testing.assert_array_equal(load_image(toy_image), toy_image)
    grey = toy_image[..., 0]
    expected = np.stack([grey] * 3, axis=-1)
    np.testing.assert_array_equal(load_image(grey), expected)
    np.testing.assert_array_equal(load_image(grey[..., None]), expected)
    turned = load_image(toy_image[:, ::-1])
    np.testing.assert_array_equal(turned, toy_image[:, ::-1])
    assert turned.flags.c_contiguous


def test_one_pixel(save_image):
    pixel = np.full((1, 1, 3), 200, "uint8")
    for suffix in ("png", "jpg", "gif", "bmp", "webp"):
        image = load_image(save_image(f"a.{suffix}", pixel))
        assert_close(image, pixel, 3)


def test_every_broken_file_is_named(broken_images):
    for what, path in broken_images.items():
        with pytest.raises(ImageError) as caught:
            load_image(path)
        assert str(path) in str(caught.value), what
        if path.is_file():
            with pytest.raises(ImageError, match="bytes"):
                load_image(path.read_bytes())
    rules = {
        "empty": "is empty",
        "text": "must be a JPEG",
        "half a jpg": "broken or incomplete",
        "missing": "no such file",
        "directory": "not a directory",
    }
    for what, rule in rules.items():
        with pytest.raises(ImageError, match=rule):
            load_image(broken_images[what])


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(ImageError, match="ordinary file"):
        load_image(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((4, 4, 3), "float32"), "must be uint8.*float32 array"),
        (np.zeros((4, 4, 3), "uint16"), "must be uint8.*uint16 array"),
        (np.zeros((4, 4, 2), "uint8"), r"shape.*\(4, 4, 2\)"),
        (np.zeros((1, 4, 4, 3), "uint8"), r"shape.*\(1, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), "uint8"), r"shape.*\(0, 4, 3\)"),
        (Image.new("RGB", (0, 3)), "must have pixels"),
        (None, "be a path.*NoneType"),
        (7, "be a path.*int"),
        ("a\0b.jpg", "broken"),
    ],
)
def test_unusable_sources(source, message):
    with pytest.raises(ImageError, match=message):
        load_image(source)


def test_too_many_pixels(toy_image, save_image):
    for suffix in ("png", "gif", "bmp", "webp", "tif"):
        path = save_image(f"a.{suffix}", toy_image)
        with pytest.raises(ImageError, match="at most 1,199 pixels") as caught:
            load_image(path, max_pixels=1199)
        assert str(path) in str(caught.value)
        assert load_image(path, max_pixels=1200).shape == (30, 40, 3)
    with pytest.raises(ImageError, match="width=40, height=30"):
        load_image(Image.fromarray(toy_image), max_pixels=1199)


def test_a_jpeg_with_too_many_pixels_is_read_smaller(toy_image):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(toy_image).resize((83, 61))
    content = encode(image, "JPEG", quality=95, exif=exif)
    assert load_image(content, max_pixels=83 * 61).shape == (83, 61, 3)
    for limit, shape in {83 * 61 - 1: (42, 31), 42 * 31 - 1: (21, 16)}.items():
        smaller = load_image(content, max_pixels=limit)
        assert smaller.shape == (*shape, 3)
        expected = image.rotate(-90, expand=True).resize(
            shape[::-1], Image.Resampling.BOX
        )
        difference = np.abs(smaller.astype(int) - np.asarray(expected))
        assert difference.mean() < 5
    with pytest.raises(ImageError, match="at most 20 pixels"):
        load_image(content, max_pixels=20)
    progressive = encode(image, "JPEG", progressive=True)
    with pytest.raises(ImageError, match="width=83, height=61"):
        load_image(progressive, max_pixels=83 * 61 - 1)


def blank_jpeg(side: int) -> bytes:
    """A black grey-scale JPEG file; `side` is a multiple of 8.

    It is put together from one row of blocks: the image itself would need `side`
    squared bytes.
    """
    row = io.BytesIO()
    Image.new("L", (side, 8)).save(row, "JPEG", restart_marker_rows=1)
    encoded = row.getvalue()
    height_at = encoded.index(b"\xff\xc0") + 5
    scan = encoded.index(b"\xff\xda")
    blocks_at = scan + 2 + int.from_bytes(encoded[scan + 2 : scan + 4], "big")
    head = bytearray(encoded[:blocks_at])
    head[height_at : height_at + 2] = side.to_bytes(2, "big")
    blocks = encoded[blocks_at:-2]  # without the end marker
    rows = (blocks + bytes([0xFF, 0xD0 + i % 8]) for i in range(side // 8))
    return bytes(head) + b"".join(rows)[:-2] + b"\xff\xd9"


def blank_png(side: int) -> bytes:
    """A black PNG file with one bit per pixel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        length, checksum = len(content), zlib.crc32(kind + content)
        return struct.pack(">I", length) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(side * (1 + (side + 7) // 8)), 1)
    parts = {b"IHDR": header, b"IDAT": rows, b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts.items())


def test_blank_files_are_valid():
    for encoded in (blank_jpeg(64), blank_png(64)):
        np.testing.assert_array_equal(load_image(encoded), np.zeros((64, 64, 3)))


def test_images_of_900_million_pixels(tmp_path):
    """In a process with limited memory."""
    (tmp_path / "large.jpg").write_bytes(blank_jpeg(30_000))
    (tmp_path / "large.png").write_bytes(blank_png(30_000))
    code = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from keras_imgdesc.images import load_image
print(load_image(sys.argv[1]).shape)
try:
    load_image(sys.argv[2])
except ValueError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "large.jpg", tmp_path / "large.png"],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = run.stdout.splitlines()
    assert lines[0] == "(7500, 7500, 3)", run.stderr
    assert "large.png" in lines[1] and "at most 178,956,970 pixels" in lines[1]


def test_loading_needs_no_tensorflow():
    code = (
        "import sys, keras_imgdesc.images as images; images.load_image;"
        "images.list_images; print('tensorflow' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"
