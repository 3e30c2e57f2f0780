"""The formats that are read, by their content."""

import io
import struct
import sys
import types

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps, features

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images import load_image
from keras_imgdesc.images.jpeg_xl import jpeg_xl_size

XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta '
    b'xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="w"?>'
)
# The first box of a photograph of a telephone.
HEIC_START = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def encode(image: np.ndarray, kind: str, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def tiff(values: np.ndarray, photometric: int, endian: str = "<") -> bytes:
    """A TIFF of 16-bit grey levels, as scanners write it."""
    height, width = values.shape
    data = values.astype(f"{endian}u2").tobytes()
    entries = [(256, 3, width), (257, 3, height), (258, 3, 16), (259, 3, 1)]
    entries += [(262, 3, photometric), (273, 4, 0), (277, 3, 1), (278, 3, height)]
    entries += [(279, 4, len(data))]
    start = 8 + 2 + 12 * len(entries) + 4
    content = {"<": b"II*\0", ">": b"MM\0*"}[endian] + struct.pack(f"{endian}I", 8)
    content += struct.pack(f"{endian}H", len(entries))
    for tag, kind, value in entries:
        value = start if tag == 273 else value
        packed = struct.pack(f"{endian}{'H2x' if kind == 3 else 'I'}", value)
        content += struct.pack(f"{endian}HHI", tag, kind, 1) + packed
    return content + bytes(4) + data


def test_avif_is_read(toy_image):
    assert features.check("avif")
    content = encode(toy_image, "AVIF", quality=100, subsampling="4:4:4")
    difference = np.abs(load_image(content).astype(int) - toy_image)
    assert difference.max() <= 4
    with pytest.raises(ImageError, match="at most 1,199 pixels.*width=40, height=30"):
        load_image(content, max_pixels=1199)
    with pytest.raises(ImageError, match="broken or incomplete"):
        load_image(content[: len(content) // 2])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_avif_is_turned_by_its_container(orientation, toy_image):
    options = {"quality": 100, "subsampling": "4:4:4"}
    content = encode(toy_image, "AVIF", exif=turned(orientation), **options)
    upright = Image.fromarray(toy_image)
    upright.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(upright)).astype(int)
    assert np.abs(load_image(content) - expected).max() <= 4
    # XMP does not count in this format.
    content = encode(toy_image, "AVIF", xmp=XMP, **options)
    for source in (content, Image.open(io.BytesIO(content))):
        assert load_image(source).shape == (30, 40, 3)


def test_big_tiff_is_read(toy_image):
    content = encode(toy_image, "TIFF", big_tiff=True)
    assert content.startswith(b"II+\0")
    np.testing.assert_array_equal(load_image(content), toy_image)
    with pytest.raises(ImageError, match="at most 1,199 pixels"):
        load_image(content, max_pixels=1199)
    with pytest.raises(ImageError, match="must be little-endian.*tiffcp"):
        load_image(b"MM\0+" + bytes(40))


def test_sixteen_bits_whose_white_is_zero_are_no_negative(toy_image):
    values = toy_image[..., 0].astype(np.uint16) * 257
    expected = np.stack([toy_image[..., 0]] * 3, axis=-1)
    for photometric, stored in {0: 65535 - values, 1: values}.items():
        content = tiff(stored, photometric)
        for source in (content, Image.open(io.BytesIO(content))):
            np.testing.assert_array_equal(load_image(source), expected)
    np.testing.assert_array_equal(load_image(tiff(values, 1, ">")), expected)
    with pytest.raises(ImageError, match="pixels of a kind that Pillow reads"):
        load_image(tiff(values, 0, ">"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_in_xmp_alone_turns_the_image(kind, toy_image):
    pixels = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}}.get(kind, {})
    upright = load_image(encode(toy_image, kind, **pixels))
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        xmp = {"pnginfo": PngInfo()}
        xmp["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    else:
        xmp = {"tiffinfo": {700: XMP}} if kind == "TIFF" else {"xmp": XMP}
    loaded = load_image(encode(toy_image, kind, **pixels, **xmp))
    np.testing.assert_array_equal(loaded, np.rot90(upright, -1))


@pytest.mark.parametrize(
    ("content", "package"),
    [
        (HEIC_START, "pillow-heif"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf", "pillow-heif"),
        (b"\xff\x0a" + bytes(20), "pillow-jxl-plugin"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20), "pillow-jxl-plugin"),
    ],
)
def test_a_format_of_another_package_names_it(content, package, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_imgdesc.images.file_formats.find_spec", missing)
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=f"`pip install {package}`") as caught:
        load_image(path)
    assert "photo.jpg" in str(caught.value)


def test_other_files_with_boxes_are_no_images():
    with pytest.raises(ImageError, match="must be a JPEG"):
        load_image(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom")


def missing(name: str) -> None:
    """Stands for `find_spec` where nothing is installed."""


class StoredFile(ImageFile.ImageFile):
    """Stands for a plugin: what it opens was put into `pixels`."""

    pixels: np.ndarray
    exif: Image.Exif
    jpeg = False

    def __init__(self, file) -> None:
        self._content = file.read()
        super().__init__(file)

    def _open(self) -> None:
        self._mode, self._size = "RGB", self.pixels.shape[1::-1]
        self.info["exif"] = self.exif.tobytes()

    def load(self):
        self._im = Image.fromarray(self.pixels).im
        return self._im


@pytest.fixture
def plugin(monkeypatch, toy_image):
    """A plugin in place of those that are not installed."""
    attributes = {"pixels": toy_image, "exif": turned(6), "format": "JXL"}
    kind = type("Plugin", (StoredFile,), attributes)
    names = {"pillow_heif": "HeifImageFile", "pillow_jxl": "JXLImageFile"}
    for name, opener in names.items():
        for part in (name, f"{name}.JpegXLImagePlugin"):
            module = types.ModuleType(part)
            module.__spec__ = types.SimpleNamespace(name=part)
            setattr(module, opener, kind)
            monkeypatch.setitem(sys.modules, part, module)
    return kind


# 40 x 30 pixels, without and with boxes.
JXL_START = b"\xff\x0a\xe8\x30\x10\x09\x08\x00\x01\x00T\x01"


def test_a_plugin_reads_what_pillow_does_not(plugin, toy_image):
    plugin.format = "HEIF"
    plugin.exif = turned(1)
    np.testing.assert_array_equal(load_image(HEIC_START), toy_image)
    with pytest.raises(ImageError, match="at most 1,199 pixels"):
        load_image(HEIC_START, max_pixels=1199)


def test_a_jpeg_xl_is_turned_once(plugin, toy_image):
    # Its decoder has turned the pixels, though EXIF still says so.
    np.testing.assert_array_equal(load_image(JXL_START), toy_image)
    # A JPEG in it comes out as it was.
    plugin.jpeg = True
    np.testing.assert_array_equal(load_image(JXL_START), np.rot90(toy_image, -1))


def test_the_size_of_a_jpeg_xl_is_checked_before_it_is_decoded(plugin, monkeypatch):
    monkeypatch.setattr(plugin, "_open", lambda self: pytest.fail("decoded"))
    with pytest.raises(ImageError, match="at most 1,199 pixels.*width=40, height=30"):
        load_image(JXL_START, max_pixels=1199)
    with pytest.raises(ImageError, match="broken or incomplete"):
        load_image(b"\0\0\0\x0cJXL \r\n\x87\n")


def bits(*fields: tuple[int, int]) -> bytes:
    """Pack (value, number of bits), the lowest bit first."""
    total = shift = 0
    for value, count in fields:
        total |= value << shift
        shift += count
    return total.to_bytes(10, "little")


@pytest.mark.parametrize(
    ("size", "fields"),
    [
        ((40, 30), [(0, 1), (0, 2), (29, 9), (0, 3), (0, 2), (39, 9)]),
        ((8, 256), [(1, 1), (31, 5), (0, 3), (0, 5)]),
        ((256, 256), [(1, 1), (31, 5), (1, 3)]),
        ((400, 300), [(0, 1), (0, 2), (299, 9), (3, 3)]),
        ((53, 30), [(0, 1), (0, 2), (29, 9), (5, 3)]),
        ((5000, 70000), [(0, 1), (2, 2), (69999, 18), (0, 3), (1, 2), (4999, 13)]),
        ((2**30, 2**29), [(0, 1), (3, 2), (2**29 - 1, 30), (7, 3)]),
    ],
)
def test_the_size_of_a_jpeg_xl(size, fields):
    codestream = b"\xff\x0a" + bits(*fields)
    assert jpeg_xl_size(codestream) == size
    signature = b"\0\0\0\x0cJXL \r\n\x87\n"
    other = struct.pack(">I4s4s", 12, b"free", b"free")
    whole = struct.pack(">I4s", 0, b"jxlc") + codestream
    part = struct.pack(">I4sQI", 1, b"jxlp", 100, 0) + codestream
    for boxes in (whole, part):
        assert jpeg_xl_size(signature + other + boxes) == size
