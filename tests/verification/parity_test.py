"""The table of a comparison."""

import pytest

from keras_imgdesc.verification.parity import FormResult, Parity
from keras_imgdesc.verification.tasks import check_of


@pytest.fixture
def parity() -> Parity:
    first, second = "a red dog runs on grass", "a blue cat sits on a mat"
    requests = [{"references": [caption]} for caption in (first, second)]
    results = [
        FormResult(
            "Python",
            True,
            [{"caption": c, "log_prob": -1.0} for c in (first, second)],
            [9.0, 0.2, 0.4],
            2_500_000,
            100 * 2**20,
        ),
        FormResult(
            "tflite int8",
            False,
            [
                {"caption": first, "log_prob": -1.1},
                {"caption": "a blue cat sits on red grass", "log_prob": -3.0},
            ],
            [9.0, 0.02, 0.04],
            500_000,
            10 * 2**20,
        ),
    ]
    return Parity(check_of("ImageCaptioner"), requests, results)


def test_columns_are_aligned_below_their_headings(parity):
    heading, python, int8 = parity.table().splitlines()
    assert heading.startswith("form ") and heading.endswith(" ms  peak MiB")
    assert python.split()[:2] == ["Python", "100.0%"]
    for title, cell in (("same", "50.0%"), ("log P +-", "1.0e-01"), ("MB", "0.5")):
        end = heading.index(title) + len(title)
        assert int8[:end].endswith(cell)
    assert len(heading) == len(python) == len(int8)
    assert "100.00 (+0.00)" in python and "(-21.25)" in int8
    assert str(parity) == parity.table()


def test_the_first_answer_is_not_timed(parity):
    rows = parity.rows()
    assert [row["milliseconds"] for row in rows] == pytest.approx([300, 30])
    assert [row["megabytes"] for row in rows] == [2.5, 0.5]
    assert [row["peak_mebibytes"] for row in rows] == [100, 10]
