"""Metrics of captions by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.bleu import Bleu, bleu
from keras_imgdesc.evaluation.captions.cider import CiderD, cider_d
from keras_imgdesc.evaluation.captions.meteor import Meteor
from keras_imgdesc.evaluation.captions.named_things import AGREEING, NamedThings
from keras_imgdesc.evaluation.captions.rouge import RougeL
from keras_imgdesc.evaluation.captions.scene_accuracy import SceneCaptionAccuracy
from keras_imgdesc.evaluation.captions.spice import Spice
from keras_imgdesc.evaluation.captions.tokenizers import CaptionSplitter
from keras_imgdesc.evaluation.captions.word_metric import WordMetric
from keras_imgdesc.evaluation.metric import Metric, check_metrics

__all__ = [
    "CAPTION_METRICS",
    "Bleu",
    "CaptionMetric",
    "CiderD",
    "Meteor",
    "NamedThings",
    "RougeL",
    "SceneCaptionAccuracy",
    "Spice",
    "available_metrics",
    "bleu",
    "build_metrics",
    "cider_d",
    "default_metrics",
]

# Measures generated captions, one per image of the collection.
CaptionMetric = Metric[Sequence[str]]

# Metrics by the name that a recipe and the command line give them.
CAPTION_METRICS: dict[str, Callable[[], CaptionMetric]] = {
    "bleu_4": Bleu,
    "scene_graph": SceneCaptionAccuracy,
    "meteor": Meteor,
    "rouge_l": RougeL,
    "cider_d": CiderD,
    "spice": Spice,
    "named_things": NamedThings,
}
# Further metrics that `evaluate` computes by default; none of them needs Java.
USUAL_METRICS = ("rouge_l", "cider_d")


def default_metrics(
    collection: CaptionCollection,
    *names: str,
    tokenizer: CaptionSplitter | None = None,
) -> list[CaptionMetric]:
    """Return the metrics that a collection allows, and those named.

    Args:
        collection: images with captions.
        names: further metrics, keys of `CAPTION_METRICS`.
        tokenizer: see `build_metrics`.

    Returns:
        `Bleu`, `SceneCaptionAccuracy` if all images have scene graphs, and those named.

    Raises:
        InputError: see `build_metrics`.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.captions.caption_metrics import default_metrics
    >>> [metric.name for metric in default_metrics(draw_scenes("test", 2), "cider_d")]
    ['bleu_4', 'scene_graph', 'cider_d']
    """
    chosen = {"bleu_4", *names}
    if all(example.extra.get("scene_graph") for example in collection):
        chosen.add("scene_graph")
    return build_metrics(*chosen, tokenizer=tokenizer)


def build_metrics(
    *names: str, tokenizer: CaptionSplitter | None = None
) -> list[CaptionMetric]:
    """Return metrics by their names, after checking that what they need is installed.

    Args:
        names: keys of `CAPTION_METRICS`.
        tokenizer: splits captions and references into words, in those metrics that
            compare words; None takes lower-case words without punctuation.

    Returns:
        The metrics, in the order of `CAPTION_METRICS`.

    Raises:
        InputError: a name is unknown, or something that a metric needs is missing.
    """
    unknown = [name for name in names if name not in CAPTION_METRICS]
    if unknown:
        raise InputError(
            "A metric of captions must be known",
            f"Use some of {', '.join(CAPTION_METRICS)}",
            metrics=unknown,
        )
    found: list[Any] = [CAPTION_METRICS[n]() for n in CAPTION_METRICS if n in names]
    if tokenizer is not None:
        tokenizer.check()
        for metric in found:
            if isinstance(metric, WordMetric):
                metric.tokenizer = tokenizer
    check_metrics(found)
    return found


def available_metrics(
    collection: CaptionCollection, tokenizer: CaptionSplitter | None = None
) -> tuple[list[CaptionMetric], dict[str, str]]:
    """Return all metrics that can be computed here.

    Args:
        collection: images with captions.
        tokenizer: see `build_metrics`.

    Returns:
        The metrics, and why each of the others is left out, by its name.
    """
    found: list[CaptionMetric] = []
    left_out: dict[str, str] = {}
    for name in CAPTION_METRICS:
        try:
            found += build_metrics(name, tokenizer=tokenizer)
        except InputError as error:
            left_out[name] = str(error)
    if not all(example.extra.get("scene_graph") for example in collection):
        found = [metric for metric in found if metric.name != "scene_graph"]
        left_out["scene_graph"] = "It is for Scenes, whose images have scene graphs."
    most = max((len(example.captions) for example in collection), default=0)
    if most < AGREEING:
        found = [metric for metric in found if metric.name != "named_things"]
        left_out["named_things"] = (
            f"It needs images with {AGREEING} references; these have at most {most}."
        )
    return found, left_out
