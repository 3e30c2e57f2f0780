import pytest
from PIL import Image

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.verification import FormResult, Parity, verify_exports


@pytest.fixture(scope="module")
def parity(tmp_path_factory) -> Parity:
    scenes = list(draw_scenes("test", 8))
    # Python reads WebP, TensorFlow's graph does not.
    path = tmp_path_factory.mktemp("pictures") / "first.webp"
    Image.fromarray(scenes[0].source).save(path, lossless=True)
    scenes[0] = CaptionedImage("first", path, scenes[0].captions)
    broken = CaptionedImage("broken", None, ("a circle",), b"no picture")
    collection = CaptionCollection([*scenes, broken])
    return verify_exports("scenes_lstm", collection, progress=False)


def test_every_form_says_what_python_says(parity, forms):
    rows = {row["form"]: row for row in parity.rows()}
    assert list(rows) == forms
    assert parity.is_exact
    assert len(parity.references) == 8
    for form in ("SavedModel", "C loader", "tflite float32"):
        assert rows[form]["same"] == 1.0 and rows[form]["log_prob"] < 1e-3
        assert rows[form]["bleu_4_change"] == 0.0
    assert rows["tflite float16"]["same"] == 1.0
    assert (
        rows["tflite dynamic"]["megabytes"] < 0.4 * rows["tflite float32"]["megabytes"]
    )
    # TensorFlow alone takes more than LiteRT with its model.
    assert rows["tflite int8"]["peak_mebibytes"] < rows["Python"]["peak_mebibytes"] / 2
    assert all(row["milliseconds"] > 0 for row in rows.values())
    assert "tflite int8" in str(parity)


def result(form: str, exact: bool, captions: list[str]) -> FormResult:
    return FormResult(form, exact, [1.0, 1.0], 1, 1, captions, [-1.0, -2.0])


def test_a_form_that_says_another_word_is_found():
    said, other = ["a red dog runs", "a blue cat sits"], ["a red dog runs", "a cat"]
    references = [["a red dog runs"], ["a blue cat sits"]]
    python = result("Python", True, said)
    assert Parity([python, result("tflite int8", False, other)], references).is_exact
    parity = Parity([python, result("C loader", True, other)], references)
    assert not parity.is_exact
    row = parity.rows()[1]
    assert row["same"] == 0.5 and row["bleu_4_change"] < 0


def test_there_must_be_pictures():
    with pytest.raises(InputError, match="readable=0"):
        verify_exports("scenes_lstm", CaptionCollection([]), progress=False)
