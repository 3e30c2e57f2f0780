import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images import load_image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
Chunks = list[tuple[bytes, bytes]]


def encoded(image: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def chunks_of(content: bytes) -> Chunks:
    found, at = [], 8
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        found.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def joined(chunks: Chunks, wrong: bytes = b"") -> bytes:
    """Return a PNG; the checksums of the chunks called `wrong` are."""
    parts = [SIGNATURE]
    for name, data in chunks:
        checksum = zlib.crc32(name + data) ^ (name == wrong)
        parts.append(struct.pack(">I", len(data)) + name + data)
        parts.append(struct.pack(">I", checksum))
    return b"".join(parts)


@pytest.fixture(scope="module")
def chunks() -> Chunks:
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 256, (20, 30), np.uint8)).quantize(16)
    text = PngInfo()
    text.add_text("Comment", "drawn")
    return chunks_of(encoded(image, pnginfo=text, transparency=3))


def test_the_chunks_of_the_example(chunks):
    names = [name for name, _ in chunks]
    assert set(names) == {b"IHDR", b"PLTE", b"tRNS", b"tEXt", b"IDAT", b"IEND"}
    assert load_image(joined(chunks)).shape == (20, 30, 3)
    assert load_image(joined(chunks) + b"more").shape == (20, 30, 3)


@pytest.mark.parametrize("name", [b"IHDR", b"PLTE", b"tRNS", b"tEXt", b"IDAT", b"IEND"])
def test_a_wrong_checksum_is_refused_whatever_it_is_of(chunks, name):
    with pytest.raises(ImageError, match=f"checksum .*chunk='{name.decode()}'"):
        load_image(joined(chunks, wrong=name))


def test_a_png_without_its_end_is_refused(chunks):
    whole = joined(chunks)
    for cut in (1, 4, 12):
        with pytest.raises(ImageError, match="The image is damaged"):
            load_image(whole[:-cut])


def test_chunks_that_are_not_in_order_are_refused(chunks):
    by_name = dict(chunks)
    palette, end = (b"PLTE", by_name[b"PLTE"]), (b"IEND", b"")
    clear, pixels = (b"tRNS", by_name[b"tRNS"]), (b"IDAT", by_name[b"IDAT"])
    header = (b"IHDR", by_name[b"IHDR"])
    assert load_image(joined([header, palette, clear, pixels, end])).any()
    for others in (
        [pixels],
        [clear, palette, pixels],
        [palette, palette, pixels],
        [palette, pixels, clear],
        [palette, clear, clear, pixels],
    ):
        with pytest.raises(ImageError, match="must be in order"):
            load_image(joined([header, *others, end]))


def test_the_checksum_of_all_pixels_is_checked_where_decoders_do_not(chunks):
    pixels = dict(chunks)[b"IDAT"]
    others = [chunk for chunk in chunks if chunk[0] not in (b"IDAT", b"IEND")]
    wrong = pixels[:-1] + bytes([pixels[-1] ^ 1])
    for data, is_good in ((pixels, True), (wrong, False)):
        parts = [(b"IDAT", data[:-4]), (b"IDAT", data[-4:]), (b"IEND", b"")]
        if is_good:
            assert load_image(joined([*others, *parts])).any()
            continue
        with pytest.raises(ImageError, match="checksum of its pixels is wrong"):
            load_image(joined([*others, *parts]))
