import base64
import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from keras_imgdesc.export.graph import bitmap_files, image_bytes
from keras_imgdesc.export.graph.image_bytes import decode_images
from keras_imgdesc.images import load_image, resize_image

SIZE = 48


@pytest.fixture(scope="module")
def decode():
    return tf.function(
        lambda contents: decode_images(contents, SIZE),
        input_signature=[tf.TensorSpec((None,), tf.string)],
    )


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def in_python(contents: bytes) -> np.ndarray:
    return np.asarray(resize_image(load_image(contents), SIZE))


def turned(orientation: int = 6) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def upside_down_bmp(sample: Image.Image) -> bytes:
    """Return a BMP with rows from the top down, which a negative height marks."""
    contents = bytearray(
        encoded(sample.transpose(Image.Transpose.FLIP_TOP_BOTTOM), "BMP")
    )
    contents[22:26] = (-sample.height).to_bytes(4, "little", signed=True)
    return bytes(contents)


def alpha_bmp(sample: Image.Image) -> bytes:
    """Return a BMP of 32 bits with masks, in the fourth version of the header."""
    header = struct.pack("<IiiHHIIiiII", 108, sample.width, sample.height, 1, 32, 3,
                         0, 0, 0, 0, 0)  # fmt: skip
    header += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + bytes(52)
    red, green, blue = sample.transpose(Image.Transpose.FLIP_TOP_BOTTOM).split()
    pixels = Image.merge("RGBA", (blue, green, red, green)).tobytes()
    start = 14 + len(header)
    return (
        b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + pixels
    )


@pytest.fixture
def sample(toy_image) -> Image.Image:
    return Image.fromarray(toy_image)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("endian", ["<", ">"])
def test_exif_orientation_is_applied_as_in_python(decode, sample, orientation, endian):
    exif = Image.Exif()
    exif.endian = endian
    exif[0x0112] = orientation
    exif[0x010F] = "A maker of phones"
    contents = encoded(sample, "JPEG", exif=exif, quality=95)
    pixels, error, _ = decode([contents])
    assert error.numpy().tolist() == [b""]
    np.testing.assert_array_equal(pixels[0], in_python(contents))


def xmp(orientation: object, as_element: bool = False) -> bytes:
    value = f'tiff:Orientation="{orientation}"/>'
    if as_element:
        value = f"><tiff:Orientation>{orientation}</tiff:Orientation></rdf:Description>"
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta '
        'xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" {value}'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def with_xmp(sample: Image.Image, kind: str, packet: bytes, **options) -> bytes:
    if kind == "JPEG":
        return encoded(sample, kind, xmp=packet, quality=95, **options)
    information = PngInfo()
    information.add_itxt("XML:com.adobe.xmp", packet.decode())
    return encoded(sample, kind, pnginfo=information, **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_orientation_in_xmp_turns_the_image_as_in_python(decode, sample, kind):
    profile = {"icc_profile": bytes(100_000)}
    without = Image.Exif()
    without[0x010F] = "A maker of phones"
    files = [
        *(with_xmp(sample, kind, xmp(value)) for value in range(1, 9)),
        *(with_xmp(sample, kind, xmp(value, as_element=True)) for value in (3, 6)),
        with_xmp(sample, kind, xmp(6), exif=without),
        with_xmp(sample, kind, xmp(6), **profile),
    ]
    upright = [
        *(with_xmp(sample, kind, xmp(value)) for value in (0, 9, "", "x", " 6")),
        with_xmp(sample, kind, xmp(6), exif=turned(1)),
        with_xmp(sample, kind, xmp(6), exif=turned(99)),
        with_xmp(sample, kind, xmp(""), exif=without),
    ]
    pixels, errors, _ = decode(files + upright)
    assert not any(errors.numpy())
    for image, contents in zip(pixels.numpy(), files + upright, strict=True):
        np.testing.assert_array_equal(image, in_python(contents))
    turns = {image.tobytes() for image in pixels.numpy()[:8]}
    assert len(turns) == 8
    for image in pixels.numpy()[len(files) :]:
        np.testing.assert_array_equal(image, pixels[0])


def test_orientation_is_read_from_the_segments_before_the_pixels_of_a_jpeg(
    decode, sample
):
    exif = Image.Exif()
    exif[0x0112] = 6
    plain = encoded(sample, "JPEG", quality=95)
    with_exif = encoded(sample, "JPEG", quality=95, exif=exif)
    packet = b"http://ns.adobe.com/xap/1.0/\0" + xmp(6)
    comment = b"\xff\xfe" + (len(packet) + 2).to_bytes(2, "big") + packet
    large = b"\xff\xe2" + (65_000).to_bytes(2, "big") + bytes(65_000 - 2)
    files = {
        plain[:2] + comment + plain[2:]: False,
        plain + with_exif: False,
        plain + with_xmp(sample, "JPEG", xmp(6)): False,
        with_exif[:2] + 5 * large + with_exif[2:]: True,
        with_exif[:2] + b"\xff\xff" + with_exif[3:]: True,
    }
    pixels, errors, _ = decode(list(files))
    assert not any(errors.numpy())
    for image, (contents, is_turned) in zip(pixels.numpy(), files.items(), strict=True):
        np.testing.assert_array_equal(image, in_python(contents))
        assert (image == in_python(plain)).all() != is_turned


def formats(sample: Image.Image) -> dict[str, bytes]:
    alpha = sample.copy()
    alpha.putalpha(sample.convert("L"))
    sixteen = Image.fromarray(np.asarray(sample.convert("L")).astype("uint16") * 257)
    frames = [sample.rotate(90 * i).quantize(16) for i in range(3)]
    return {
        "jpeg": encoded(sample, "JPEG"),
        "cmyk": encoded(sample.convert("CMYK"), "JPEG"),
        "progressive": encoded(sample, "JPEG", progressive=True),
        "grey jpeg": encoded(sample.convert("L"), "JPEG"),
        "png": encoded(sample, "PNG"),
        "alpha": encoded(alpha, "PNG"),
        "palette": encoded(sample.quantize(16), "PNG"),
        "transparent palette": encoded(sample.quantize(16), "PNG", transparency=3),
        "two colours": encoded(sample.convert("1"), "PNG"),
        "grey": encoded(sample.convert("L"), "PNG"),
        "16 bits": encoded(sixteen, "PNG"),
        "turned png": encoded(sample, "PNG", exif=turned()),
        "gif": encoded(sample, "GIF"),
        "transparent gif": encoded(sample.quantize(8), "GIF", transparency=3),
        "frames": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "bmp": encoded(sample, "BMP"),
        "grey bmp": encoded(sample.convert("L"), "BMP"),
        "palette bmp": encoded(sample.quantize(16), "BMP"),
        "upside down bmp": upside_down_bmp(sample),
        "alpha bmp": alpha_bmp(sample),
        "one pixel": encoded(sample.resize((1, 1)), "PNG"),
    }


def test_every_format_gives_the_pixels_of_python(decode, sample):
    files = formats(sample)
    pixels, errors, _ = decode(list(files.values()))
    for name, contents, image, error in zip(
        files, files.values(), pixels.numpy(), errors.numpy(), strict=True
    ):
        assert error == b"", name
        np.testing.assert_array_equal(image, in_python(contents), err_msg=name)


def test_the_orientation_is_found_after_a_colour_profile(decode, sample):
    contents = encoded(sample, "JPEG", exif=turned())
    profile = b"\xff\xe2" + (30_000).to_bytes(2, "big") + bytes(30_000 - 2)
    contents = contents[:2] + profile + contents[2:]
    pixels, error, _ = decode([contents])
    assert error.numpy().tolist() == [b""]
    np.testing.assert_array_equal(pixels[0], in_python(contents))


def test_only_the_first_frame_is_decoded(decode, sample):
    frames = [sample.rotate(90 * i).quantize(16) for i in range(3)]
    first = encoded(frames[0], "GIF", loop=0)
    complete = encoded(
        frames[0], "GIF", save_all=True, append_images=frames[1:], loop=0
    )
    pixels, errors, _ = decode([complete[: len(first) + 40], first])
    assert errors.numpy().tolist() == [b"", b""]
    np.testing.assert_array_equal(pixels[0], pixels[1])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    "encode",
    [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes],
    ids=["standard", "web-safe", "lines"],
)
def test_base64_is_distinguished_from_other_text(decode, sample, kind, encode):
    text = encode(encoded(sample, kind))
    page = b"data:image/" + kind.lower().encode() + b";base64," + text
    _, errors, _ = decode([text, page, b"a text"])
    assert [e.decode() for e in errors.numpy()] == [
        image_bytes.BASE64,
        image_bytes.BASE64,
        image_bytes.UNKNOWN,
    ]


def test_broken_images_have_errors_and_others_do_not(decode, sample):
    complete = encoded(sample, "JPEG")
    png = encoded(sample, "PNG")
    huge = bytearray(encoded(sample, "PNG"))
    huge[16:24] = (30_000).to_bytes(4, "big") * 2
    huge_jpeg = bytearray(complete)
    size = huge_jpeg.index(b"\xff\xc0") + 5
    huge_jpeg[size : size + 4] = (30_000).to_bytes(2, "big") * 2
    given = {
        b"": image_bytes.EMPTY,
        complete: "",
        b"not an image": image_bytes.UNKNOWN,
        complete[: len(complete) // 2]: image_bytes.BROKEN,
        png[: len(png) // 2]: image_bytes.BROKEN,
        png: "",
        bytes(huge): image_bytes.TOO_LARGE,
        bytes(huge_jpeg): image_bytes.TOO_LARGE,
        encoded(sample.convert("1"), "BMP"): bitmap_files.UNKNOWN_KIND,
        encoded(sample, "BMP")[:-50]: image_bytes.BROKEN,
        b"\xff\xd8\xff": image_bytes.BROKEN,
    }
    pixels, errors, _ = decode(list(given))
    assert [e.decode() for e in errors.numpy()] == list(given.values())
    np.testing.assert_array_equal(pixels[1], in_python(complete))
    np.testing.assert_array_equal(pixels[5], in_python(png))
    assert not pixels[0].numpy().any()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning:PIL")
@pytest.mark.parametrize("damage", range(20))
def test_a_damaged_exif_is_not_an_error(decode, sample, damage):
    exif = Image.Exif()
    exif[0x0112] = 6
    contents = bytearray(encoded(sample, "JPEG", exif=exif))
    start = contents.index(b"Exif") + 6
    generator = np.random.default_rng(damage)
    contents[start : start + 20] = generator.bytes(20)
    pixels, error, _ = decode([bytes(contents)])
    assert error.numpy().tolist() == [b""]
    np.testing.assert_array_equal(pixels[0], in_python(bytes(contents)))


# Pillow says what is wrong with each.
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("orientation", [None, 3])
def test_a_damaged_exif_counts_as_in_python(decode, sample, orientation):
    packet = {} if orientation is None else {"xmp": xmp(orientation)}
    whole = encoded(sample, "JPEG", exif=turned(), **packet)
    start = whole.index(b"Exif") + 6
    files = []
    # The header, the number of entries, and the entry: tag, kind, count and value.
    for at in range(start, start + 22):
        for value in (0, 1, 3, 4, 21, 255):
            files.append(whole[:at] + bytes([value]) + whole[at + 1 :])
    pixels, errors, _ = decode(files)
    assert not any(errors.numpy())
    for contents, image in zip(files, pixels.numpy(), strict=True):
        np.testing.assert_array_equal(image, in_python(contents))


def test_an_empty_batch_stays_empty(decode):
    pixels, errors, _ = decode(tf.zeros((0,), tf.string))
    assert pixels.shape == (0, SIZE, SIZE, 3) and errors.shape == (0,)
