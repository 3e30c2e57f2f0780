"""Whether the right caption is told from ones that are wrong by one thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from keras_imgdesc.text.word_swaps import WordSwaps


def hard_choices(
    captions: Sequence[str], swaps: WordSwaps, choices: int = 100, seed: int = 0
) -> list[list[str]]:
    """For each caption, itself and wrong ones that are like it.

    First come all that one swap makes, then others by two swaps, then captions of the
    list.

    Args:
        captions: one for each picture, of standardised words.
        swaps: makes the wrong ones.
        choices: captions in a row, the right one at the start.
        seed: of those by two swaps, and of those from the list.

    Returns:
        A row for each caption; one may be shorter, where the list is short.
    """
    rows = []
    for number, caption in enumerate(captions):
        generator = np.random.default_rng([seed, number])
        once = swaps(caption)
        row = dict.fromkeys([caption, *once])
        for start in generator.permutation(len(once)):
            if len(row) >= choices:
                break
            row |= dict.fromkeys(swaps(once[start]))
        for other in generator.permutation(len(captions)):
            if len(row) >= choices:
                break
            row[captions[other]] = None
        rows.append(list(row)[:choices])
    return rows


def hard_choice_accuracy(
    matcher: Any,
    images: Any,
    rows: Sequence[Sequence[str]],
    progress: bool = False,
) -> float:
    """How often a matcher gives the first caption of a row the highest P(D|I).

    Args:
        matcher: an `ImageTextMatcher`.
        images: pictures or `ImageEmbeddings`, as many as rows.
        rows: captions, the right one first.
        progress: show a progress bar.

    Returns:
        In percent. A tie counts against the right one.
    """
    embedded = matcher.embed_images(images)
    right = 0
    bar = tqdm(rows, disable=not progress, unit="img", desc="choices")
    for number, row in enumerate(bar):
        texts = matcher.embed_texts(list(row), batch_size=128)
        scores = matcher.score(embedded[number : number + 1], texts)[0]
        right += bool((scores[0] > scores[1:]).all())
    return 100.0 * right / max(1, len(rows))
