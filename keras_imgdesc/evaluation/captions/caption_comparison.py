"""Captions of several models for the same images, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.bootstrap import interval
from keras_imgdesc.evaluation.captions.caption_evaluation import (
    CaptionEvaluation,
    show_score,
)
from keras_imgdesc.printable import markdown_cell

# One evaluation per model, all of the same images.
Evaluations = Mapping[str, CaptionEvaluation]


def check_comparable(evaluations: Evaluations) -> None:
    """Check that captions can be compared.

    Args:
        evaluations: one evaluation per model.

    Raises:
        InputError: there is no evaluation, or they are of different images or metrics.
    """
    ids = [[e.image_id for e in found.examples] for found in evaluations.values()]
    if not ids or any(other != ids[0] for other in ids):
        raise InputError(
            "Captions are compared on the same images",
            "Evaluate each model on the same collection with the same limit",
            models=list(evaluations),
            images=[len(found) for found in ids],
        )
    names = [list(found.metrics) for found in evaluations.values()]
    if any(other != names[0] for other in names):
        raise InputError(
            "Captions are compared by the same metrics",
            "Evaluate each model with the same metrics",
            models=list(evaluations),
            metrics=names,
        )


def score_table(evaluations: Evaluations) -> tuple[list[str], list[list[str]]]:
    """Return the scores with their 95 % intervals.

    Args:
        evaluations: one evaluation per model, all of the same images.

    Returns:
        The headings of the columns, and the rows: the name of a metric; its value for
        each model; and, from the second model on, how much higher it is than the
        first's. The interval of a difference comes from the differences on the same
        resamples, so it can exclude 0 where the intervals of the values overlap.

    Raises:
        InputError: see `check_comparable`.
    """
    check_comparable(evaluations)
    (first, baseline), *others = evaluations.items()
    heads = ["", *evaluations, *(f"{name} - {first}" for name, _ in others)]
    rows = []
    for metric, value in baseline.metrics.items():
        sampled = baseline.resampled.get(metric)
        row = [metric]
        row += [
            _cell(metric, found.metrics[metric], found.resampled.get(metric))
            for found in evaluations.values()
        ]
        for _, found in others:
            change = None
            if sampled is not None and _share_resamples(baseline, found):
                change = found.resampled[metric] - sampled
            row.append(_cell(metric, found.metrics[metric] - value, change))
        rows.append(row)
    return heads, rows


def table_text(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as Markdown whose columns are aligned, with printable cells.

    Args:
        heads: headings of the columns.
        rows: cells of each row.

    Example:

    >>> from keras_imgdesc.evaluation.captions.caption_comparison import table_text
    >>> print(table_text(["", "mine"], [["bleu_4", "22.0"]]))
    |        | mine |
    |--------|------|
    | bleu_4 | 22.0 |
    """
    shown = [[markdown_cell(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in shown
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def choose_images(
    scores: Sequence[np.ndarray], number: int = 12
) -> dict[str, list[int]]:
    """Choose the images that tell most about one or several models.

    Args:
        scores: the score of each image, float `(images,)`, of each model.
        number: largest number of images of each kind.

    Returns:
        Indices of images. `"best"`: the highest mean score of all models, highest
        first; `"worst"`: the lowest, lowest first, without those; with several models
        also `"most different"`: the largest difference between two models.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.captions.caption_comparison import choose_images
    >>> choose_images([np.array([1.0, 3.0, 2.0]), np.array([1.0, 0.5, 2.0])], 1)
    {'best': [2], 'worst': [0], 'most different': [1]}
    """
    table = np.stack(scores)
    order = [int(index) for index in np.argsort(-table.mean(axis=0), kind="stable")]
    found = {"best": order[:number], "worst": order[number:][::-1][:number]}
    if len(table) > 1:
        spread = table.max(axis=0) - table.min(axis=0)
        widest = np.argsort(-spread, kind="stable")[:number]
        found["most different"] = [int(i) for i in widest if spread[i] > 0]
    return found


def _share_resamples(one: CaptionEvaluation, other: CaptionEvaluation) -> bool:
    names = ("resamples", "resampling_seed")
    return all(one.settings.get(n) == other.settings.get(n) for n in names)


def _cell(name: str, value: float, sampled: np.ndarray | None) -> str:
    shown = show_score(name, value)
    if sampled is None:
        return shown
    low, high = (show_score(name, end) for end in interval(sampled))
    return f"{shown} ({low} to {high})"
