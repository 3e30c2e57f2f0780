"""Score a collection with a matcher, and see what is found."""

from __future__ import annotations

from typing import Any

import numpy as np
from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.evaluation.matching.hard_choice import (
    hard_choice_accuracy,
    hard_choices,
)
from keras_imgdesc.evaluation.matching.retrieval_metrics import retrieval_metrics
from keras_imgdesc.evaluation.matching_evaluation import MatchingEvaluation
from keras_imgdesc.matching import ImageEmbeddings
from keras_imgdesc.text.standardization import standardize_list
from keras_imgdesc.text.word_swaps import WordSwaps


def evaluate_matching(
    matcher: Any,
    collection: CaptionCollection,
    *,
    swaps: WordSwaps | None = None,
    choices: int = 100,
    limit: int | None = None,
    batch_size: int = 32,
    progress: bool = True,
) -> MatchingEvaluation:
    """Retrieval among all, or the choice of the right caption among wrong ones.

    Args:
        matcher: an `ImageTextMatcher`.
        collection: pictures with captions.
        swaps: makes captions that are wrong by one thing; each picture's first caption
            is then to be chosen among `choices` of those (see `hard_choices`). None
            means retrieval in both directions among all pictures and captions.
        choices: captions to choose from.
        limit: only the first so many pictures.
        batch_size: pictures computed at a time.
        progress: show a progress bar.

    Raises:
        InputError: no picture could be read.
    """
    examples = collection.examples[:limit]
    kept, embedded, failed = [], [], {}
    stream = matcher.embed_images_stream(
        [e.source for e in examples], batch_size=batch_size
    )
    bar = tqdm(stream, total=len(examples), disable=not progress, unit="img")
    for example, (_, found) in zip(examples, bar, strict=True):
        if isinstance(found, ImageError):
            failed[example.image_id] = str(found)
        else:
            kept.append(example)
            embedded.append(found)
    if not kept:
        raise InputError(
            "At least one picture must be readable",
            f"The first failed with: {next(iter(failed.values()), 'no pictures')}",
            pictures=len(examples),
        )
    vectors, regions = zip(*embedded, strict=True)
    images = ImageEmbeddings(np.stack(vectors), np.stack(regions))
    settings: dict[str, Any] = {"pictures": len(kept)}
    if swaps is not None:
        first = standardize_list([e.captions[0] for e in kept])
        rows = hard_choices(first, swaps, choices)
        metrics = {"hard_choice": hard_choice_accuracy(matcher, images, rows, progress)}
        settings |= {"choices": choices}
    else:
        captions = [caption for e in kept for caption in e.captions]
        owner = np.repeat(np.arange(len(kept)), [len(e.captions) for e in kept])
        settings |= {"captions": len(captions)}
        metrics = retrieval_metrics(matcher.score(images, captions), owner)
    return MatchingEvaluation(metrics, settings, failed)
