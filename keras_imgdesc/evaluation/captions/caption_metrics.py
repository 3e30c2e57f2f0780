"""Metrics of captions: BLEU, CIDEr-D and, for Scenes, whether they are right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.scenes import graph_matches, objects_match
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.metric import Metric
from keras_imgdesc.text.standardization import standardize_list

# Reported with every score: BLEU means little without it.
TOKENIZER = "lower-case words of letters and digits, no punctuation"

# Measures generated captions, one per image of the collection.
CaptionMetric = Metric[Sequence[str]]


class Bleu:
    """BLEU-1 to BLEU-4 of a corpus; see `bleu`.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.captions.caption_metrics import Bleu
    >>> scenes = draw_scenes("test", 3)
    >>> Bleu().compute([scene.captions[1] for scene in scenes], scenes)["bleu_4"]
    100.0
    """

    name = "bleu_4"
    higher_is_better = True

    def compute(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `bleu_1` to `bleu_4` in [0, 100], and `length_ratio`.

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Raises:
            InputError: see `bleu`.
        """
        return bleu(captions, [example.captions for example in collection])


class CiderD:
    """CIDEr-D of a corpus; see `cider_d`."""

    name = "cider_d"
    higher_is_better = True

    def compute(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `cider_d` in [0, 10].

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Raises:
            InputError: see `cider_d`.
        """
        references = [example.captions for example in collection]
        return {"cider_d": cider_d(captions, references)}


class SceneCaptionAccuracy:
    """Share of captions of Scenes that are exactly right, judged by the scene graphs.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.captions.caption_metrics import (
    ...     SceneCaptionAccuracy,
    ... )
    >>> scenes = draw_scenes("test", 2)
    >>> captions = [scenes[0].captions[0], "a dog"]
    >>> SceneCaptionAccuracy().compute(captions, scenes)
    {'scene_graph': 50.0, 'scene_objects': 50.0}
    """

    name = "scene_graph"
    higher_is_better = True

    def compute(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `scene_graph` and `scene_objects`, in percent.

        Args:
            captions: generated captions, one per image.
            collection: images with a scene graph in `extra["scene_graph"]`.

        Returns:
            `scene_graph`: captions with the right objects and relations.
            `scene_objects`: captions with the right objects.

        Raises:
            InputError: an image has no scene graph, or the numbers of captions and
                images differ.
        """
        graphs = [example.extra.get("scene_graph") for example in collection]
        if not all(graphs) or not 0 < len(captions) == len(graphs):
            raise InputError(
                "This metric needs one caption per image and the images' scene graphs",
                "Evaluate on Scenes, or choose 'bleu_4' or 'cider_d'",
                captions=len(captions),
                images=len(graphs),
                scene_graphs=sum(graph is not None for graph in graphs),
            )
        pairs: list[tuple[str, Any]] = list(zip(captions, graphs, strict=True))
        return {
            "scene_graph": 100 * float(np.mean([graph_matches(*p) for p in pairs])),
            "scene_objects": 100 * float(np.mean([objects_match(*p) for p in pairs])),
        }


# Metrics by the name that a recipe gives them.
CAPTION_METRICS: dict[str, Callable[[], CaptionMetric]] = {
    "bleu_4": Bleu,
    "scene_graph": SceneCaptionAccuracy,
    "cider_d": CiderD,
}


def default_metrics(collection: CaptionCollection, *names: str) -> list[CaptionMetric]:
    """Return the metrics that a collection allows, and those named.

    Args:
        collection: images with captions.
        names: further metrics, keys of `CAPTION_METRICS`.

    Returns:
        `Bleu`, `SceneCaptionAccuracy` if all images have scene graphs, and those named.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.captions.caption_metrics import default_metrics
    >>> [metric.name for metric in default_metrics(draw_scenes("test", 2), "cider_d")]
    ['bleu_4', 'scene_graph', 'cider_d']
    """
    chosen = {"bleu_4", *names}
    if all(example.extra.get("scene_graph") for example in collection):
        chosen.add("scene_graph")
    return [metric() for name, metric in CAPTION_METRICS.items() if name in chosen]


def bleu(
    captions: Sequence[str], references: Sequence[Sequence[str]]
) -> dict[str, float]:
    """Compute BLEU-1 to BLEU-4 of a corpus with sacrebleu, without smoothing.

    Captions and references are standardised as by the tokenizer: lower-case words
    without punctuation.

    Args:
        captions: generated captions, one per image.
        references: reference captions, one or more per image.

    Returns:
        `bleu_1` to `bleu_4` in [0, 100], and `length_ratio`: words in the captions per
        word in the references closest in length.

    Raises:
        InputError: the numbers of captions and references differ, an image has no
            reference, or sacrebleu is not installed.

    Example:
    >>> score = bleu(["a dog runs on grass"], [["A dog runs on the grass."]])
    >>> round(score["bleu_1"], 2)
    81.87

    Reference:
        Papineni et al., "BLEU", https://aclanthology.org/P02-1040
    """
    _check(captions, references)
    sacrebleu = _import("sacrebleu")
    most = max(len(r) for r in references)
    padded = [
        [*r, *[None] * (most - len(r))]
        for r in (standardize_list(list(r)) for r in references)
    ]
    score = sacrebleu.corpus_bleu(
        standardize_list(list(captions)),
        [list(stream) for stream in zip(*padded, strict=True)],
        tokenize="none",
        smooth_method="none",
        force=True,
    )
    precisions = np.array(score.precisions) / 100
    result = {}
    for order in range(1, 5):
        chosen = precisions[:order]
        mean = np.exp(np.mean(np.log(chosen))) if chosen.all() else 0.0
        result[f"bleu_{order}"] = float(100 * score.bp * mean)
    result["length_ratio"] = score.sys_len / max(1, score.ref_len)
    return result


def cider_d(captions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Compute CIDEr-D of a corpus with pycocoevalcap.

    Document frequencies come from `references`, so scores of different collections
    cannot be compared. A single image always scores 0.

    Args:
        captions: generated captions, one per image.
        references: reference captions, one or more per image.

    Returns:
        CIDEr-D in [0, 10].

    Raises:
        InputError: the numbers of captions and references differ, an image has no
            reference, or pycocoevalcap is not installed.

    Reference:
        Vedantam et al., "CIDEr", https://arxiv.org/abs/1411.5726
    """
    _check(captions, references)
    module = _import("pycocoevalcap.cider.cider")
    results = {i: [c] for i, c in enumerate(standardize_list(list(captions)))}
    expected = {i: standardize_list(list(r)) for i, r in enumerate(references)}
    score, _ = module.Cider().compute_score(expected, results)
    return float(score)


def _check(captions, references) -> None:
    if len(captions) != len(references) or not captions:
        raise InputError(
            "Each caption needs references, and there must be at least one caption",
            "Pass one caption and one list of references per image",
            captions=len(captions),
            references=len(references),
        )
    if not all(references):
        index = next(i for i, r in enumerate(references) if not r)
        raise InputError(
            "Every image must have at least one reference",
            "Omit images without reference captions",
            index=index,
        )


def _import(name: str):
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"This score needs {name.split('.')[0]}",
            "Run: pip install 'keras-imgdesc[eval]'",
            missing=name,
        ) from error
