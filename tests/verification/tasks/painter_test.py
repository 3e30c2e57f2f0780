"""A painter in every form."""

import numpy as np
import pytest

from keras_imgdesc import TextToImage
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.verification.parity import FormResult, Parity
from keras_imgdesc.verification.tasks import check_of
from keras_imgdesc.verification.verify import verify

# In make test-all: the tests of captioners check the same code.
pytestmark = pytest.mark.slow

TEXTS = ["A red bird!", "a blue dog", "bird", "a dog"]


def captions(texts: list[str]) -> CaptionCollection:
    return CaptionCollection(
        [CaptionedImage(text, None, (text,), b"not an image") for text in texts]
    )


@pytest.fixture(scope="module")
def painter(painter_forms) -> TextToImage:
    return TextToImage.from_preset(painter_forms["Python"].path)


@pytest.fixture(scope="module")
def parity(painter_forms) -> Parity:
    forms = list(painter_forms.values())
    with pytest.MonkeyPatch.context() as patch:
        # The forms are those that `export_forms` made for all tests.
        patch.setattr(f"{verify.__module__}.export_forms", lambda *_, **__: forms)
        return verify(forms[0].path, captions(TEXTS), progress=False)


def test_every_form_paints_what_python_paints(parity, form_names):
    rows = {row["form"]: row for row in parity.rows()}
    assert list(rows) == form_names
    assert parity.is_exact
    for form in ("SavedModel", "C loader", "tflite float32"):
        assert rows[form]["largest"] <= 1 and rows[form]["psnr"] > 60
    assert rows["Python"]["same"] == 1.0 and rows["Python"]["psnr"] == float("inf")
    for row in rows.values():
        assert row["psnr"] > 35
        assert row["megabytes"] > 0 and row["milliseconds"] > 0
    # TensorFlow alone takes more than LiteRT with its model.
    assert rows["tflite int8"]["peak_mebibytes"] < rows["Python"]["peak_mebibytes"] / 2
    assert "tflite int8" in parity.table()


def test_each_text_has_a_seed_of_its_own(parity, painter):
    for result in parity.results[:4]:
        for seed, (text, answer) in enumerate(zip(TEXTS, result.answers, strict=True)):
            expected = painter.generate(text, seed=seed)[0]
            assert np.abs(expected.astype(int) - answer["image"]).max() <= 1


def compare(*forms: tuple[str, bool, np.ndarray]) -> Parity:
    results = [
        FormResult(name, is_exact, [{"image": x} for x in images], [1.0, 1.0], 1, 1)
        for name, is_exact, images in forms
    ]
    return Parity(check_of("TextToImage"), [{}, {}], results)


def test_a_form_that_paints_otherwise_is_found():
    images = np.full((2, 4, 4, 3), 100, np.uint8)
    python = ("Python", True, images)
    rounded, other = images.copy(), images.copy()
    rounded[0, 0, 0, 0] = 101
    other[1, 2, 3, 0] = 98
    assert compare(python, ("C loader", True, rounded)).is_exact
    assert compare(python, ("int8", False, other)).is_exact
    parity = compare(python, ("C loader", True, other))
    assert not parity.is_exact
    row = parity.rows()[1]
    assert row["same"] == 0.5 and row["largest"] == 2
    assert row["mean"] == pytest.approx(2 / 96)
    assert row["psnr"] == pytest.approx(10 * np.log10(255**2 * 96 / 4))


@pytest.mark.parametrize(
    ("texts", "message"), [(["a dog"], "at least two"), (["a dog", "xyzzy"], "xyzzy")]
)
def test_too_few_or_unknown_texts_are_refused(painter, tmp_path, texts, message):
    with pytest.raises(InputError, match=message):
        check_of("TextToImage").requests(painter, captions(texts), tmp_path)
