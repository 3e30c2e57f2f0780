"""Describe a collection and score it."""

from typing import Any

from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.caption_evaluation import CaptionEvaluation
from keras_imgdesc.evaluation.captions.caption_metrics import TOKENIZER
from keras_imgdesc.evaluation.captions.free_running import score_captions


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
    """Generate captions freely and score them against the references.

    Args:
        captioner: an `ImageCaptioner`.
        collection: pictures with references.
        num_beams, length_penalty: of the search; `None` is the captioner's own.
        batch_size: pictures computed at a time.
        limit: only the first so many pictures.
        progress: show a progress bar.

    Raises:
        InputError: no picture could be read.
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
            "At least one picture must be readable",
            f"The first failed with: {next(iter(failed.values()), 'no pictures')}",
            pictures=len(examples),
        )
    metrics = score_captions(captions, CaptionCollection(kept), metric="cider_d")
    defaults = captioner.generation
    settings = {
        "pictures": len(kept),
        "num_beams": num_beams or defaults.num_beams,
        "length_penalty": (
            defaults.length_penalty if length_penalty is None else length_penalty
        ),
        "tokenizer": TOKENIZER,
    }
    return CaptionEvaluation(metrics, settings, kept, captions, failed)
