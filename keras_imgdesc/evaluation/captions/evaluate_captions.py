"""Generate captions of a collection and score them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.caption_metrics import (
    TOKENIZER,
    default_metrics,
)
from keras_imgdesc.evaluation.metric import compute_metrics


@dataclass(frozen=True)
class CaptionEvaluation:
    """Generated captions of a collection, and their scores.

    Attributes:
        metrics: numbers of `Bleu`, `CiderD` and, for Scenes, `SceneCaptionAccuracy`.
        settings: settings of the search and the number of images.
        examples: the images that could be read.
        captions: the generated captions, one per example.
        failed: error messages by the id of each image that could not be read.
    """

    metrics: dict[str, float]
    settings: dict[str, Any]
    examples: list[CaptionedImage]
    captions: list[str]
    failed: dict[str, str]

    def summary(self) -> dict[str, Any]:
        """Return settings and scores, rounded to two decimals, as JSON values."""
        metrics = {name: round(value, 2) for name, value in self.metrics.items()}
        return self.settings | metrics | {"failed": len(self.failed)}


def evaluate_captions(
    captioner: Any,
    collection: CaptionCollection,
    *,
    num_beams: int | None = None,
    length_penalty: float | None = None,
    batch_size: int = 32,
    limit: int | None = None,
    progress: bool = True,
) -> CaptionEvaluation:
    """Generate captions without teacher forcing and score them against references.

    Args:
        captioner: an `ImageCaptioner`.
        collection: images with reference captions.
        num_beams: number of beams; None takes the captioner's default.
        length_penalty: exponent of the length that a beam's score is divided by; None
            takes the captioner's default.
        batch_size: images per batch.
        limit: number of images, from the start of the collection; None takes all.
        progress: whether to show a progress bar.

    Returns:
        Captions and scores. An image that cannot be read is listed in `failed` and
        omitted from the scores.

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
    scored = CaptionCollection(kept)
    metrics = compute_metrics(default_metrics(scored, "cider_d"), captions, scored)
    defaults = captioner.generation
    settings = {
        "pictures": len(kept),
        "num_beams": num_beams or defaults.num_beams,
        "length_penalty": (
            defaults.length_penalty if length_penalty is None else length_penalty
        ),
        "tokenizer": TOKENIZER,
    } | defaults.words
    return CaptionEvaluation(metrics, settings, kept, captions, failed)
