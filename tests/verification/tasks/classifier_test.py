"""A classifier in every form."""

import numpy as np
import pytest

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.verification.parity import FormResult, Parity
from keras_imgdesc.verification.tasks import check_of
from keras_imgdesc.verification.verify import compare_forms


@pytest.mark.slow
def test_every_form_answers_as_python(classifier_forms, form_names, tmp_path):
    check = check_of("ImageClassifier")
    requests = check.requests(None, draw_scenes("test", 6), tmp_path)
    forms = list(classifier_forms.values())
    parity = compare_forms(check, requests, forms, progress=False)
    rows = {row["form"]: row for row in parity.rows()}
    assert list(rows) == form_names
    assert parity.is_exact
    for form in ("SavedModel", "C loader", "tflite float32"):
        assert rows[form]["same"] == 1.0 and rows[form]["difference"] < 1e-3
    assert "same class" in parity.table()


def compare(*forms: tuple[str, bool, np.ndarray]) -> Parity:
    results = [
        FormResult(name, is_exact, [{"probabilities": r} for r in rows], [1, 1], 1, 1)
        for name, is_exact, rows in forms
    ]
    return Parity(check_of("ImageClassifier"), [{}, {}], results)


def test_a_form_that_answers_otherwise_is_found():
    rows = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], "float32")
    python = ("Python", True, rows)
    other = rows + np.float32([0.01, -0.01, 0.0])
    assert compare(python, ("int8", False, other)).is_exact
    assert not compare(python, ("C loader", True, other)).is_exact
    turned = compare(python, ("int8", False, rows[:, [1, 0, 2]])).rows()[1]
    assert turned["same"] == 0.5 and turned["same_five"] == 1.0
    assert turned["difference"] == pytest.approx(0.5)
