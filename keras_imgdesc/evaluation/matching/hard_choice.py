"""Whether a matcher prefers the right caption to captions wrong in one detail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.matching.score_function import ScoreFunction
from keras_imgdesc.text.standardization import standardize_list
from keras_imgdesc.text.word_swaps import WordSwaps


def hard_choices(
    captions: Sequence[str], swaps: WordSwaps, choices: int = 100, seed: int = 0
) -> list[list[str]]:
    """Return each caption followed by wrong captions that resemble it.

    The wrong captions are all those that differ by one swap, then some that differ by
    two swaps, then other captions of the list.

    Args:
        captions: standardised captions, one per image.
        swaps: the swaps that make a caption wrong.
        choices: captions per row, the right one included.
        seed: seed of the choice among captions with two swaps and among those of the
            list.

    Returns:
        A row per caption, the right caption first. A row is shorter than `choices` if
        there are too few captions.

    Example:

    >>> from keras_imgdesc.evaluation.matching.hard_choice import hard_choices
    >>> from keras_imgdesc.text.word_swaps import WordSwaps
    >>> swaps = WordSwaps([["red", "blue"]])
    >>> hard_choices(["a red star"], swaps, choices=2)
    [['a red star', 'a blue star']]
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


class HardChoice:
    """The choice of each image's first caption among captions that resemble it.

    Args:
        swaps: the swaps that make a caption wrong.
        choices: captions to choose from, the right one included.
        progress: whether to show a progress bar.
    """

    name = "hard_choice"
    higher_is_better = True

    def __init__(
        self, swaps: WordSwaps, choices: int = 100, progress: bool = False
    ) -> None:
        self.swaps = swaps
        self.choices = choices
        self.progress = progress
        self.settings = {"choices": choices}
        self._rows: tuple[list[str], list[list[str]]] = [], []

    def compute(
        self, score: ScoreFunction, collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `hard_choice`: how often the right caption scores highest, in percent.

        A tie counts as wrong.

        Args:
            score: f(I, D) of the collection's images.
            collection: images with captions.
        """
        captions = standardize_list([example.captions[0] for example in collection])
        right = 0
        rows = tqdm(
            self._choices_of(captions),
            disable=not self.progress,
            unit="img",
            desc="choices",
        )
        for number, row in enumerate(rows):
            scores = score(slice(number, number + 1), row)[0]
            right += bool((scores[0] > scores[1:]).all())
        return {"hard_choice": 100.0 * right / max(1, len(captions))}

    def _choices_of(self, captions: list[str]) -> list[list[str]]:
        """Return the rows of choices, which are kept for the next epoch."""
        if self._rows[0] != captions:
            self._rows = captions, hard_choices(captions, self.swaps, self.choices)
        return self._rows[1]
