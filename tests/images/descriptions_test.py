import io
import sys

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.errors import InputError
from keras_imgdesc.images.descriptions import add_description

TEXT = 'a dog "runs" <in> the snow & more, é 鳥'


def encoded(kind: str) -> bytes:
    """Return a file of noise, lossy where the format is."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype("uint8")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def pixels_of(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def description_of(content: bytes) -> dict:
    import pyexiv2

    with pyexiv2.ImageData(content) as image:
        return image.read_xmp()["Xmp.dc.description"]


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
def test_a_description_changes_nothing_else(kind):
    import pyexiv2

    with pyexiv2.ImageData(encoded(kind)) as image:
        image.modify_xmp({"Xmp.xmp.Rating": "4"})
        image.modify_exif({"Exif.Image.Orientation": "6"})
        before = image.get_bytes()
    after = add_description(before, TEXT)
    np.testing.assert_array_equal(pixels_of(after), pixels_of(before))
    assert description_of(after) == {'lang="x-default"': TEXT}
    with pyexiv2.ImageData(after) as image:
        assert image.read_xmp()["Xmp.xmp.Rating"] == "4"
        assert image.read_exif()["Exif.Image.Orientation"] == "6"


def test_a_description_is_replaced_only_if_asked():
    content = add_description(encoded("jpeg"), "by a person")
    with pytest.raises(InputError, match="has a description.*a.jpg.*by a person"):
        add_description(content, TEXT, path="a.jpg")
    found = description_of(add_description(content, TEXT, overwrite=True))
    assert found == {'lang="x-default"': TEXT}


@pytest.mark.parametrize("kind", ["gif", "bmp", "cut", "empty", "text"])
def test_files_without_writable_metadata_are_refused_by_name(kind):
    content = {"cut": encoded("jpeg")[:300], "empty": b"", "text": b"a dog"}.get(kind)
    content = encoded(kind) if content is None else content
    with pytest.raises(InputError, match="JPEG, PNG, WebP and TIFF.*a.xyz.*reason"):
        add_description(content, TEXT, path="a.xyz")


def test_an_empty_description_is_refused():
    with pytest.raises(InputError, match="must have words.*a.jpg"):
        add_description(encoded("jpeg"), " ", path="a.jpg")


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyexiv2", None)
    with pytest.raises(InputError, match="pip install pyexiv2"):
        add_description(encoded("png"), TEXT)
