"""A matcher in every form."""

import numpy as np
import pytest

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.verification.parity import FormResult, Parity
from keras_imgdesc.verification.tasks import check_of
from keras_imgdesc.verification.verify import verify


@pytest.fixture(scope="module")
def parity() -> Parity:
    return verify("scenes_matcher", draw_scenes("test", 6), progress=False)


@pytest.mark.slow
def test_every_form_scores_as_python(parity, form_names):
    rows = {row["form"]: row for row in parity.rows()}
    assert list(rows) == [*form_names, "shipped dynamic"]
    assert parity.is_exact
    for form in ("SavedModel", "C loader", "tflite float32"):
        assert rows[form]["difference"] < 1e-2
    for row in rows.values():
        assert row["same_image"] == row["same_text"] == 1.0
        assert row["milliseconds"] > 0
    assert rows["tflite dynamic"]["megabytes"] < rows["tflite float32"]["megabytes"] / 2
    # Each form has a process of its own: TensorFlow alone takes more than LiteRT.
    assert rows["tflite int8"]["peak_mebibytes"] < rows["Python"]["peak_mebibytes"] / 2
    assert "tflite int8" in parity.table()


def compare(*forms: tuple[str, bool, np.ndarray]) -> Parity:
    results = [
        FormResult(name, is_exact, [{"scores": row} for row in scores], [1, 1], 1, 1)
        for name, is_exact, scores in forms
    ]
    return Parity(check_of("ImageTextMatcher"), [{}, {}], results)


def test_a_form_that_scores_otherwise_is_found():
    scores = np.array([[3.0, 1.0], [0.0, 2.0]], "float32")
    python = ("Python", True, scores)
    other = scores + np.float32(0.1)
    assert compare(python, ("int8", False, other)).is_exact
    assert not compare(python, ("C loader", True, other)).is_exact
    turned = compare(python, ("int8", False, scores[::-1]))
    assert turned.rows()[1]["same_image"] == 0.0
