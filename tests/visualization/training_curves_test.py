import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.run_directory import RunDirectory
from keras_imgdesc.visualization.training_curves import draw_curves, read_metrics


def test_the_log_of_a_run_is_read(tmp_path):
    run = RunDirectory(tmp_path, {})
    run.save_checkpoint({}, {}, {"epoch": 1, "loss": 2.5})
    run.save_checkpoint({}, {}, {"epoch": 2, "loss": 1.5, "recall": 40.0})
    assert read_metrics(tmp_path) == [
        {"epoch": 1, "loss": 2.5},
        {"epoch": 2, "loss": 1.5, "recall": 40.0},
    ]


@pytest.mark.parametrize(
    "content", [None, "", "epoch,loss\n", "loss\n1\n", "epoch,loss\n1,high\n", "a\n1,2"]
)
def test_other_directories_are_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "metrics.csv").write_text(content)
    with pytest.raises(InputError, match=r"metrics\.csv"):
        read_metrics(tmp_path)


def lines(image) -> set[tuple[int, ...]]:
    """Return the colours of many pixels, except black, white and grey."""
    pixels = np.asarray(image).reshape(-1, 3)
    colours, counts = np.unique(pixels, axis=0, return_counts=True)
    return {
        tuple(map(int, colour))
        for colour, count in zip(colours, counts, strict=True)
        if count > 100 and np.ptp(colour) > 60
    }


def test_every_run_has_a_line_and_every_metric_a_panel():
    falling = [{"epoch": i, "loss": 3.0 - i} for i in (1, 2, 3)]
    rising = [{"epoch": i, "loss": 1.0 * i, "recall": 10.0 * i} for i in (1, 2, 3)]
    assert len(lines(draw_curves({"a": falling}))) == 1
    both = draw_curves({"a": falling, "b": rising})
    assert len(lines(both)) == 2 and both.width > both.height
    assert draw_curves({"a": falling, "b": rising}, ["recall"]).width < both.width
    with pytest.raises(InputError, match="metrics=..score"):
        draw_curves({"a": falling}, ["loss", "score"])
    with pytest.raises(InputError, match="has logged"):
        draw_curves({})


def test_names_of_runs_and_metrics_are_shown_as_they_are():
    # matplotlib takes dollars for a formula, and leaves out names after an underscore.
    rows = [{"epoch": 1, "$\\loss$\udcff": 2.0}, {"epoch": 2, "$\\loss$\udcff": 1.0}]
    other = [row | {"$\\loss$\udcff": 3.0} for row in rows]
    drawn = draw_curves({"$\\no$": rows, "_run\n\udcff": other})
    assert len(lines(drawn)) == 2


def test_what_lies_in_the_place_of_the_numbers_is_not_shown(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,a\n1,a secret\n")
    with pytest.raises(InputError, match="a value is no number") as refused:
        read_metrics(tmp_path)
    assert "secret" not in str(refused.value)
