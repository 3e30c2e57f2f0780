import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.generator_comparison import (
    comparison_table,
    write_comparison,
)
from keras_imgdesc.evaluation.generator_evaluation import GeneratorEvaluation


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
