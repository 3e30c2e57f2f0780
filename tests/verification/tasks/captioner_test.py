import pytest
from PIL import Image

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.verification.parity import FormResult, Parity
from keras_imgdesc.verification.tasks import check_of
from keras_imgdesc.verification.verify import compare_forms


@pytest.fixture(scope="module")
def parity(scenes_forms, tmp_path_factory) -> Parity:
    folder = tmp_path_factory.mktemp("images")
    scenes = list(draw_scenes("test", 8))
    # Python reads WebP, TensorFlow's graph does not.
    path = folder / "first.webp"
    Image.fromarray(scenes[0].source).save(path, lossless=True)
    scenes[0] = CaptionedImage("first", path, scenes[0].captions)
    broken = CaptionedImage("broken", None, ("a circle",), b"not an image")
    collection = CaptionCollection([*scenes, broken])
    check = check_of("ImageCaptioner")
    requests = check.requests(None, collection, folder)
    return compare_forms(check, requests, list(scenes_forms.values()), progress=False)


@pytest.mark.slow
def test_every_form_gives_the_captions_of_python(parity, form_names):
    rows = {row["form"]: row for row in parity.rows()}
    assert list(rows) == form_names
    assert parity.is_exact
    assert len(parity.requests) == 8
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
    assert "tflite int8" in parity.table()


def result(form: str, is_exact: bool, captions: list[str]) -> FormResult:
    answers = [
        {"caption": caption, "log_prob": log_prob}
        for caption, log_prob in zip(captions, (-1.0, -2.0), strict=True)
    ]
    return FormResult(form, is_exact, answers, [1.0, 1.0], 1, 1)


def test_a_form_that_gives_another_word_is_found():
    expected, other = ["a red dog runs", "a blue cat sits"], ["a red dog runs", "a cat"]
    requests = [{"references": [caption]} for caption in expected]
    check, python = check_of("ImageCaptioner"), result("Python", True, expected)
    int8 = result("tflite int8", False, other)
    assert Parity(check, requests, [python, int8]).is_exact
    parity = Parity(check, requests, [python, result("C loader", True, other)])
    assert not parity.is_exact
    row = parity.rows()[1]
    assert row["same"] == 0.5 and row["bleu_4_change"] < 0


def test_there_must_be_images(tmp_path):
    with pytest.raises(InputError, match="readable=0"):
        check_of("ImageCaptioner").requests(None, CaptionCollection([]), tmp_path)
