import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings import comparison
from keras_imgdesc.evaluation.paintings.comparison import (
    comparison_table,
    write_comparison,
)
from keras_imgdesc.evaluation.paintings.evaluate_paintings import PaintingEvaluation
from keras_imgdesc.visualization.contact_sheets import draw_sheet


def evaluation(texts=("a rose",), **metrics) -> PaintingEvaluation:
    images = np.zeros((len(texts), 8, 8, 3), "uint8")
    return PaintingEvaluation(metrics, {}, list(texts), images, images)


def test_a_missing_number_leaves_its_cell_empty():
    table = comparison_table({"a": evaluation(fid=1.5), "b": evaluation(other=2.0)})
    assert table.splitlines() == [
        "| | a | b |",
        "|---|---|---|",
        "| fid | 1.5 |  |",
        "| failed | 0 | 0 |",
        "| other |  | 2.0 |",
    ]


def test_evaluations_of_different_texts_are_refused(tmp_path):
    both = {"a": evaluation(), "b": evaluation(["a lily"])}
    with pytest.raises(InputError, match="the same texts"):
        write_comparison(both, tmp_path)
    with pytest.raises(InputError, match="painters=\\[\\]"):
        write_comparison({}, tmp_path)


def test_the_preset_of_a_run_is_shown_by_the_name_of_the_run(tmp_path, monkeypatch):
    shown = []

    def draw(images, captions, columns):
        shown.extend(captions)
        return draw_sheet(images, captions, columns=columns)

    monkeypatch.setattr(comparison, "draw_sheet", draw)
    names = ["runs/long/preset", "runs/wide/preset", "flowers_cvae", "preset"]
    page = write_comparison({name: evaluation() for name in names}, tmp_path)
    assert shown == ["a rose", "long", "wide", "flowers_cvae", "preset"]
    assert (
        page.is_file() and "| runs/wide/preset |" in page.with_suffix(".md").read_text()
    )


def test_a_name_stays_in_its_cell():
    table = comparison_table({"a|b\nc\x1b[2J\udcff": evaluation(fid=1.5)})
    assert table.splitlines()[0] == r"| | a\|b\nc\x1b[2J\udcff |"
    assert len(table.splitlines()) == 4
