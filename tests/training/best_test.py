"""Which epoch of a run is kept."""

import pytest

from keras_imgdesc.training.best import Best

TIED = Best("score", ties=(("bleu_1", True), ("loss", False)))


def kept(best: Best, rows: list[dict]) -> int:
    """Return the position of the row that a run would keep."""
    found = [n for n, row in enumerate(rows) if best.is_improved_by(row, rows[:n])]
    return found[-1]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0, 10, 3), (0, 60, 2), (0, 40, 1)], 1),  # by the second metric
        ([(0, 60, 3), (0, 60, 1), (0, 60, 2)], 1),  # by the loss
        ([(0, 60, 1), (5, 0, 9), (0, 90, 0)], 1),  # the score is above all ties
        ([(0, 60, 1), (0, 60, 1)], 0),  # the first of equal ones
        ([(float("nan"), 0, 1), (0, 0, 1)], 1),
    ],
)
def test_equal_scores_are_told_apart_by_the_next_column(rows, expected):
    names = ("score", "bleu_1", "loss")
    assert kept(TIED, [dict(zip(names, row, strict=True)) for row in rows]) == expected


def test_a_column_that_a_row_lacks_does_not_decide():
    rows = [{"score": 0, "loss": 2}, {"score": 0, "bleu_1": 5, "loss": 1}]
    assert kept(TIED, rows) == 1
    assert kept(TIED, [*rows[::-1], {"loss": 0}, {"score": 0}]) == 0


def test_a_distance_is_best_if_it_is_low():
    best = Best("fid", higher_is_better=False, ties=(("epoch", True),))
    assert kept(best, [{"fid": f, "epoch": e} for e, f in enumerate((9, 7, 7, 8))]) == 2
    assert best.is_over([{"fid": 5}, {"fid": 4}, {"fid": 6}], 1)


@pytest.mark.parametrize(
    ("scores", "over"),
    [
        ((0, 0, 0, 0), False),
        ((0, 0, 0, 5), False),
        ((0, 0, 5, 4), True),
        ((5, 5, 5, 4), True),
        ((5, 4, 6), False),
    ],
)
def test_patience_counts_once_the_score_has_moved(scores, over):
    rows = [{"score": score} for score in scores]
    assert TIED.is_over(rows, 1) == over
    assert not TIED.is_over(rows, 0) and not TIED.is_over(rows, 5)


def test_a_score_that_has_not_moved_is_remarked():
    still = [{"score": 0, "bleu_1": 1, "loss": n} for n in range(3)]
    same = "score has been the same in every epoch so far: "
    assert TIED.remark(still) == same + "loss decides"
    assert TIED.remark([still[0], still[0]]) == same + "the first is kept"
    assert TIED.remark(still[:1]) == TIED.remark([*still, {"score": 1}]) == ""


def test_what_is_no_finite_number_does_not_count():
    best = Best("score", ties=(("loss", False),))
    rows = [{"score": "high"}, {"score": None}, {"score": [1]}, {"score": 1e400}]
    assert best.is_improved_by({"score": 1, "loss": 2}, rows)
    assert not best.is_over(rows, 1) and not best.has_moved(rows)
    row = {"score": 1, "loss": 1}
    assert not best.is_improved_by(row, [{"score": 1, "loss": "small"}])
    assert not best.is_improved_by(row, [{"score": 1, "loss": None}])
