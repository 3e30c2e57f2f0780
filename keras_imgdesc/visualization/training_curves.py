"""Curves of the numbers that a training logs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from keras_imgdesc.errors import InputError
from keras_imgdesc.printable import printable
from keras_imgdesc.stored_names import path_inside

COLUMNS = 4
INCHES = (3.2, 2.3)


def read_metrics(run_dir: str | Path) -> list[dict[str, float]]:
    """Return the numbers that a run logged after each epoch.

    Args:
        run_dir: run directory of any training of this package.

    Returns:
        One dict per epoch, with `"epoch"` and the numbers measured after it.

    Raises:
        InputError: `metrics.csv` is missing or is not that of a training.
    """
    path = path_inside(run_dir, "metrics.csv")
    try:
        if path.exists() and not path.is_file():  # opening a pipe would block
            raise TypeError("it is no ordinary file")
        with path.open(newline="", encoding="utf-8") as file:
            rows = [
                {name: _number(value) for name, value in row.items() if value}
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError, AttributeError, csv.Error) as error:
        raise InputError(
            "A run directory must hold the metrics.csv of a training",
            "Wait until its first epoch has ended, or use another run directory; the "
            f"error is: {error}",
            path=path,
        ) from error
    if not rows or any("epoch" not in row for row in rows):
        raise InputError(
            "metrics.csv must have one row per epoch",
            "Use the run directory of a training",
            path=path,
        )
    return rows


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        # The value is not shown: another file may lie in this place.
        raise ValueError("a value is no number") from None


def draw_curves(
    runs: Mapping[str, Sequence[Mapping[str, float]]],
    metrics: Sequence[str] | None = None,
) -> Image.Image:
    """Draw one panel per metric, with one line per run.

    Args:
        runs: rows of `read_metrics`, by the name of the run in the legend.
        metrics: names of the metrics to draw, in this order; None draws all.

    Returns:
        RGB.

    Raises:
        InputError: no run has logged one of the metrics, or matplotlib is not
            installed.

    Example:

    >>> from keras_imgdesc.visualization.training_curves import draw_curves
    >>> rows = [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.5, "recall": 40.0}]
    >>> draw_curves({"mine": rows}).size
    (640, 230)
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        raise InputError(
            "Drawing curves needs matplotlib",
            "Run: pip install 'keras-imgdesc[plots]'",
            runs=list(runs),
        ) from None

    found = dict.fromkeys(k for rows in runs.values() for row in rows for k in row)
    found.pop("epoch", None)
    unknown = [name for name in metrics or () if name not in found]
    if unknown or not found:
        raise InputError(
            "A curve can only show a metric that a run has logged",
            f"Use some of {list(found)}",
            metrics=unknown,
        )
    names = list(metrics or found)
    columns = min(COLUMNS, len(names))
    lines = math.ceil(len(names) / columns)
    figure = Figure(
        figsize=(INCHES[0] * columns, INCHES[1] * lines), layout="constrained"
    )
    canvas = FigureCanvasAgg(figure)
    for place, name in enumerate(names):
        panel = figure.add_subplot(lines, columns, place + 1)
        panel.set_title(_label(name), fontsize="medium")
        panel.set_xlabel("epoch", fontsize="small")
        panel.tick_params(labelsize="small")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        for run, rows in runs.items():
            points = [(row["epoch"], row[name]) for row in rows if name in row]
            # Also draw a run without values: every run keeps its colour in all panels.
            panel.plot(*zip(*points) if points else ([], []), ".-", label=_label(run))
        if place == 0 and len(runs) > 1:
            panel.legend(fontsize="small")
    stream = io.BytesIO()
    canvas.print_png(stream)
    return Image.open(stream).convert("RGB")


def _label(name: str) -> str:
    """Return a name as matplotlib shows it: no formula, and not left out."""
    shown = printable(name).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown
