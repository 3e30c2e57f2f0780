"""Evaluations of captions as a web page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_imgdesc.atomic_files import write_atomically, write_together
from keras_imgdesc.evaluation.captions.caption_comparison import (
    Evaluations,
    check_comparable,
    choose_images,
    score_table,
)
from keras_imgdesc.evaluation.captions.cider import cider_d_of_images
from keras_imgdesc.visualization.report_page import (
    captioned_item,
    escaped,
    html_table,
    image_grid,
    page_of,
)

_SECTIONS = {
    "best": ("Best", "Highest CIDEr-D, on average over the models."),
    "worst": ("Worst", "Lowest CIDEr-D, on average over the models."),
    "most different": (
        "Most different",
        "Largest difference in CIDEr-D between two models.",
    ),
}


def write_caption_report(
    evaluations: Evaluations,
    target: str | Path,
    num_images: int = 12,
    num_samples: int = 24,
) -> Path:
    """Write a self-contained page with the scores and captions of one or more models.

    It shows the scores with their intervals, the images with the best and the worst
    captions and, for several models, those whose captions differ most in their score;
    then samples evenly spaced over the collection. Below each image stand the captions
    of all models, each with its CIDEr-D, and the references.

    Args:
        evaluations: evaluations of the same images, by the name of the model.
        target: a path that ends in `.html`: the page; or a folder, created if missing,
            for `index.html`, the page, and `captions.json`, all captions.
        num_images: largest number of images of each kind.
        num_samples: number of samples.

    Returns:
        Path of the page.

    Raises:
        InputError: there is no evaluation, they are of different images, or
            pycocoevalcap is not installed.
        ImageError: an image cannot be read.
        OSError: a file cannot be written.
    """
    check_comparable(evaluations)
    target = Path(target)
    examples = next(iter(evaluations.values())).examples
    references = [example.captions for example in examples]
    scores = [cider_d_of_images(e.captions, references) for e in evaluations.values()]
    step = max(1, len(examples) // num_samples)
    chosen = choose_images(scores, num_images)
    parts = [html_table(*score_table(evaluations)), _about(evaluations)]
    for kind, indices in chosen.items():
        parts.append(_section(*_SECTIONS[kind], evaluations, scores, indices))
    samples = list(range(0, len(examples), step))[:num_samples]
    about = "Evenly spaced over the collection."
    parts.append(_section("Samples", about, evaluations, scores, samples))
    page = page_of(f"Captions of {len(examples)} images", "".join(parts))
    if target.suffix.lower() in (".html", ".htm"):
        write_atomically(target, page)
        return target
    content = json.dumps(_content(evaluations), indent=1)
    write_together(target, {"captions.json": content, "index.html": page})
    return target / "index.html"


def _about(evaluations: Evaluations) -> str:
    """Return the settings of each model as HTML."""
    settings = {name: found.settings for name, found in evaluations.items()}
    keys = dict.fromkeys(key for found in settings.values() for key in found)
    rows = [[key, *(found.get(key, "") for found in settings.values())] for key in keys]
    first = next(iter(evaluations.values()))
    lines = []
    if first.resampled:
        lines.append("In parentheses: 95 % intervals by resampling the images.")
    if first.failed:
        names = ", ".join(first.failed)
        lines.append(f"Left out, since they could not be read: {names}.")
    return (
        "".join(f"<p>{escaped(line)}</p>" for line in lines)
        + f"<details><summary>Settings</summary>{html_table(['', *settings], rows)}"
        "</details>"
    )


def _section(
    title: str,
    about: str,
    evaluations: Evaluations,
    scores: Sequence[np.ndarray],
    indices: Sequence[int],
) -> str:
    if not indices:
        return ""
    items = [_item(evaluations, scores, index) for index in indices]
    heading = f"<h2>{escaped(title)}</h2><p>{escaped(about)}</p>"
    return heading + image_grid(items)


def _item(evaluations: Evaluations, scores: Sequence[np.ndarray], index: int) -> str:
    example = next(iter(evaluations.values())).examples[index]
    captions = [
        (
            name if len(evaluations) > 1 else "",
            found.captions[index],
            f"CIDEr-D {s[index]:.2f}",
        )
        for (name, found), s in zip(evaluations.items(), scores, strict=True)
    ]
    note = "People wrote: " + " / ".join(example.captions)
    return captioned_item(example.source, example.captions[0], captions, note)


def _content(evaluations: Evaluations) -> dict[str, object]:
    """Return settings, scores and all captions as JSON values."""
    examples = next(iter(evaluations.values())).examples
    summaries = {name: found.summary() for name, found in evaluations.items()}
    rows: list[dict[str, object]] = []
    for index, example in enumerate(examples):
        captions = {name: e.captions[index] for name, e in evaluations.items()}
        written: dict[str, object] = {"captions": captions}
        if len(captions) == 1:
            written = {"caption": next(iter(captions.values()))}
        references = {"references": list(example.captions)}
        rows.append({"image_id": example.image_id} | written | references)
    only = len(summaries) == 1
    summary = next(iter(summaries.values())) if only else summaries
    return {"summary": summary, "captions": rows}
