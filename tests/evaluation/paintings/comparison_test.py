import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.generator_evaluation import GeneratorEvaluation
from keras_imgdesc.evaluation.paintings import comparison as generator_comparison
from keras_imgdesc.evaluation.paintings.comparison import (
    comparison_table,
    write_comparison,
)
from keras_imgdesc.visualization.contact_sheets import draw_sheet


def evaluation(texts=("a rose",), **metrics) -> GeneratorEvaluation:
    pictures = np.zeros((len(texts), 8, 8, 3), "uint8")
    return GeneratorEvaluation(metrics, {}, list(texts), pictures, pictures)


def test_a_number_that_one_lacks_is_empty():
    table = comparison_table({"a": evaluation(fid=1.5), "b": evaluation(other=2.0)})
    assert table.splitlines() == [
        "| | a | b |",
        "|---|---|---|",
        "| fid | 1.5 |  |",
        "| failed | 0 | 0 |",
        "| other |  | 2.0 |",
    ]


def test_other_texts_are_refused(tmp_path):
    both = {"a": evaluation(), "b": evaluation(["a lily"])}
    with pytest.raises(InputError, match="the same texts"):
        write_comparison(both, tmp_path)
    with pytest.raises(InputError, match="generators=\\[\\]"):
        write_comparison({}, tmp_path)


def test_presets_of_runs_are_named_by_their_runs(tmp_path, monkeypatch):
    shown = []

    def draw(pictures, captions, columns):
        shown.extend(captions)
        return draw_sheet(pictures, captions, columns=columns)

    monkeypatch.setattr(generator_comparison, "draw_sheet", draw)
    names = ["runs/long/preset", "runs/wide/preset", "flowers_cvae", "preset"]
    page = write_comparison({name: evaluation() for name in names}, tmp_path)
    assert shown == ["a rose", "long", "wide", "flowers_cvae", "preset"]
    assert (
        page.is_file() and "| runs/wide/preset |" in page.with_suffix(".md").read_text()
    )
