"""A matcher in every form."""

import numpy as np
import pytest

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.verification import verify_matcher
from keras_imgdesc.verification.tasks.matcher import MatcherForm, MatcherParity


@pytest.fixture(scope="module")
def parity() -> MatcherParity:
    return verify_matcher("scenes_matcher", draw_scenes("test", 6), progress=False)


def test_every_form_scores_as_python(parity, forms):
    rows = {row["form"]: row for row in parity.rows()}
    assert list(rows) == forms
    assert parity.is_exact
    for form in ("SavedModel", "C loader", "tflite float32"):
        assert rows[form]["difference"] < 1e-2
    for row in rows.values():
        assert row["same_picture"] == row["same_text"] == 1.0
        assert row["milliseconds"] > 0
    assert rows["tflite dynamic"]["megabytes"] < rows["tflite float32"]["megabytes"] / 2
    assert "tflite int8" in str(parity)


def test_a_form_that_scores_otherwise_is_found():
    scores = np.array([[3.0, 1.0], [0.0, 2.0]], "float32")
    python = MatcherForm("Python", True, scores, [1.0], 1)
    other = scores + np.float32(0.1)
    assert MatcherParity([python, MatcherForm("int8", False, other, [1], 1)]).is_exact
    parity = MatcherParity([python, MatcherForm("C loader", True, other, [1.0], 1)])
    assert not parity.is_exact
    turned = MatcherForm("int8", False, scores[::-1], [1.0], 1)
    assert MatcherParity([python, turned]).rows()[1]["same_picture"] == 0.0
