"""Generate captions of a collection and score them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.bootstrap import NUM_RESAMPLES
from keras_imgdesc.evaluation.captions.caption_evaluation import (
    CaptionEvaluation,
    score_captions,
)
from keras_imgdesc.evaluation.captions.caption_metrics import (
    USUAL_METRICS,
    CaptionMetric,
    default_metrics,
)
from keras_imgdesc.evaluation.captions.tokenizers import CaptionSplitter


@dataclass(frozen=True, eq=False)
class GeneratedCaptions:
    """Captions that a captioner wrote for the images of a collection.

    Attributes:
        collection: the images that could be read.
        captions: one per image of `collection`.
        settings: settings of the search.
        failed: error messages by the id of each image that could not be read.
    """

    collection: CaptionCollection
    captions: list[str]
    settings: dict[str, Any]
    failed: dict[str, str]


def generate_captions(
    captioner: Any,
    collection: CaptionCollection,
    *,
    num_beams: int | None = None,
    length_penalty: float | None = None,
    batch_size: int = 32,
    limit: int | None = None,
    progress: bool = True,
) -> GeneratedCaptions:
    """Generate captions of a collection, without teacher forcing.

    Args:
        captioner: an `ImageCaptioner`.
        collection: images.
        num_beams: number of beams; None takes the captioner's default.
        length_penalty: exponent of the length that a beam's score is divided by; None
            takes the captioner's default.
        batch_size: images per batch.
        limit: number of images, from the start of the collection; None takes all.
        progress: whether to show a progress bar.

    Returns:
        Captions. An image that cannot be read is listed in `failed`.

    Raises:
        InputError: no image could be read.
    """
    examples = collection.examples[:limit]
    stream = captioner.generate_stream(
        [e.source for e in examples],
        num_beams=num_beams,
        length_penalty=length_penalty,
        batch_size=batch_size,
    )
    kept, captions, failed = [], [], {}
    bar = tqdm(stream, total=len(examples), disable=not progress, unit="img")
    for example, (_, caption) in zip(examples, bar, strict=True):
        if isinstance(caption, Exception):
            failed[example.image_id] = str(caption)
        else:
            kept.append(example)
            captions.append(caption.text)
    if not kept:
        raise InputError(
            "At least one image of the collection must be readable",
            "Check the paths of the images; the first error is: "
            f"{next(iter(failed.values()), 'there are no images')}",
            images=len(examples),
        )
    defaults = captioner.generation
    settings = {
        "num_beams": num_beams or defaults.num_beams,
        "length_penalty": (
            defaults.length_penalty if length_penalty is None else length_penalty
        ),
    } | defaults.words
    return GeneratedCaptions(CaptionCollection(kept), captions, settings, failed)


def evaluate_captions(
    captioner: Any,
    collection: CaptionCollection,
    metrics: Sequence[CaptionMetric] | None = None,
    *,
    tokenizer: CaptionSplitter | None = None,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    **generation: Any,
) -> CaptionEvaluation:
    """Generate captions without teacher forcing and score them against references.

    Args:
        captioner: an `ImageCaptioner`.
        collection: images with reference captions.
        metrics: what to measure; None for BLEU, ROUGE-L, CIDEr-D and, for Scenes,
            `SceneCaptionAccuracy`.
        tokenizer: the tokenizer of the metrics; None for that of words.
        num_resamples, seed: see `score_captions`.
        **generation: other arguments of `generate_captions`.

    Returns:
        Captions and scores. An image that cannot be read is listed in `failed` and
        omitted from the scores.

    Raises:
        InputError: no image could be read, or a metric cannot be computed.
    """
    found = generate_captions(captioner, collection, **generation)
    if metrics is None:
        metrics = default_metrics(found.collection, *USUAL_METRICS, tokenizer=tokenizer)
    return score_captions(
        found.captions,
        found.collection,
        metrics,
        tokenizer=tokenizer,
        num_resamples=num_resamples,
        seed=seed,
        settings=found.settings,
        failed=found.failed,
    )
