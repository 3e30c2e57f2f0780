import io
import pickle
import re
import warnings

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.errors import DamagedImageWarning, ImageError, InputError
from keras_imgdesc.images import load_image, read_images
from keras_imgdesc.images.damage import damage_of

END = b"\xff\xd9"


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    rows, columns = np.mgrid[0:120, 0:160]
    waves = [128 + 100 * np.sin(rows / a + columns / b)
             for a, b in ((9, 17), (21, 8), (13, 13))]  # fmt: skip
    return Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def quietly(content: bytes) -> np.ndarray:
    with warnings.catch_warnings(action="ignore", category=DamagedImageWarning):
        return load_image(content)


KINDS = {
    "baseline": {},
    "no subsampling": {"subsampling": 0},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 4},
}


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_jpeg_with_an_end_marker_is_damaged(kind, photo):
    whole = encoded(photo, "JPEG", **KINDS[kind])
    assert not damage_of(load_image(whole))
    half = whole[: len(whole) // 2] + END
    with pytest.warns(DamagedImageWarning, match="damaged"):
        image = load_image(half)
    assert damage_of(image) and image.shape == (120, 160, 3)
    with pytest.raises(ImageError, match="The image is damaged"):
        load_image(half, on_damaged="refuse")


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_jpeg_without_an_end_marker_is_refused(kind, photo):
    whole = encoded(photo, "JPEG", **KINDS[kind])
    with pytest.raises(ImageError, match="broken or incomplete"):
        load_image(whole[: len(whole) // 2])


def test_a_jpeg_that_lacks_only_its_end_marker_has_its_pixels(photo):
    whole = encoded(photo, "JPEG")
    with pytest.warns(DamagedImageWarning, match="its end marker is missing"):
        image = load_image(whole[:-2])
    np.testing.assert_array_equal(image, load_image(whole))


def test_bytes_behind_the_end_of_a_jpeg_are_no_damage(photo):
    whole = encoded(photo, "JPEG")
    image = load_image(whole + b"a second image" + whole)
    np.testing.assert_array_equal(image, load_image(whole))


def test_a_missing_scan_is_damage_whichever_it_is(photo):
    whole = encoded(photo, "JPEG", progressive=True)
    scans = list(re.finditer(rb"\xff\xda.*?(?=\xff[^\0])", whole, re.DOTALL))
    assert len(scans) > 5
    for scan in scans:
        start, end = scan.span()
        damaged = whole[:start] + whole[end:]
        assert "scans are missing" in damage_of(quietly(damaged)), start


def test_a_missing_restart_interval_is_damage(photo):
    whole = encoded(photo, "JPEG", restart_marker_blocks=4)
    markers = [
        i
        for i in range(len(whole))
        if whole[i] == 255 and whole[i + 1] in range(208, 216)
    ]
    damaged = whole[: markers[3]] + whole[markers[5] :]
    assert "restart" in damage_of(quietly(damaged))


def test_a_jpeg_of_an_unusual_kind_is_refused_by_name(photo):
    whole = encoded(photo, "JPEG").replace(b"\xff\xc0", b"\xff\xc9")
    with pytest.raises(ImageError, match="must be baseline or progressive"):
        load_image(whole)


def test_a_cut_animation_is_damaged(photo):
    frames = [photo.quantize(16), photo.rotate(90).quantize(16)]
    whole = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert not damage_of(load_image(whole))
    assert not damage_of(load_image(whole + bytes(7)))
    assert "end is missing" in damage_of(quietly(whole[:-300]))


def test_a_cut_webp_is_damaged_or_refused(photo):
    whole = encoded(photo, "WEBP", quality=90)
    assert not damage_of(load_image(whole))
    for cut in (2, 50, len(whole) // 2):
        try:
            assert damage_of(quietly(whole[:-cut])), cut
        except ImageError:
            continue


@pytest.mark.parametrize("kind", ["TIFF", "AVIF"])
def test_other_cut_files_are_damaged_or_refused(kind, photo):
    whole = encoded(photo, kind)
    for cut in (10, 500, len(whole) // 2):
        with pytest.raises(ImageError):
            load_image(whole[:-cut])


def test_a_bmp_without_its_last_row_is_refused(photo):
    whole = encoded(photo, "BMP")
    with pytest.raises(ImageError, match="pixels are missing"):
        load_image(whole[:-2])
    np.testing.assert_array_equal(load_image(whole + b"more"), load_image(whole))


def test_a_gif_with_a_colour_that_its_palette_lacks_is_refused():
    indexed = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) % 4)
    indexed.putpalette([0, 0, 0, 90, 90, 90, 250, 0, 0, 0, 250, 0])
    whole = encoded(indexed, "GIF")
    assert load_image(whole)[0, 3].tolist() == [0, 250, 0]
    flags = whole[10]
    half = whole[:10] + bytes([flags & 0xF8]) + whole[11:19] + whole[25:]
    assert flags & 7 == 1
    with pytest.raises(ImageError, match="palette lacks a colour"):
        load_image(half)


def test_a_damaged_file_is_named_and_its_neighbours_are_not(photo, tmp_path):
    whole = encoded(photo, "JPEG")
    (tmp_path / "whole.jpg").write_bytes(whole)
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2] + END)
    paths = [tmp_path / name for name in ("whole.jpg", "half.jpg", "whole.jpg")]
    with pytest.warns(DamagedImageWarning) as warned:
        images = [image for _, image in read_images(paths, 32)]
    assert [bool(damage_of(image)) for image in images] == [False, True, False]
    (warning,) = warned
    assert "half.jpg" in str(warning.message)
    assert warning.message.image == str(tmp_path / "half.jpg")
    refused = [image for _, image in read_images(paths, 32, on_damaged="refuse")]
    assert [isinstance(image, ImageError) for image in refused] == [False, True, False]
    assert "half.jpg" in str(refused[1])


def test_where_warnings_are_errors_a_damaged_image_is_refused(photo):
    whole = encoded(photo, "JPEG")
    with (
        warnings.catch_warnings(action="error", category=DamagedImageWarning),
        pytest.raises(ImageError, match="The image is damaged"),
    ):
        load_image(whole[: len(whole) // 2] + END)


def test_another_on_damaged_is_refused():
    with pytest.raises(InputError, match="'warn' or 'refuse'"):
        load_image(np.zeros((4, 4), np.uint8), on_damaged="ignore")


def test_the_warning_can_be_sent_to_another_process():
    warning = DamagedImageWarning("a.jpg", "its end is missing")
    again = pickle.loads(pickle.dumps(warning))
    assert (again.image, again.damage, str(again)) == (
        "a.jpg", "its end is missing", str(warning),
    )  # fmt: skip
