"""Whether a matcher prefers the right caption to captions wrong in one detail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.matching.score_function import ScoreFunction
from keras_imgdesc.text.standardization import standardize_list
from keras_imgdesc.text.word_swaps import WordSwaps


def hard_choices(
    captions: Sequence[str],
    swaps: WordSwaps,
    choices: int = 100,
    seed: int = 0,
    right: Sequence[Sequence[str]] = (),
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
        right: all standardised captions of each image, none of which is wrong for it;
            empty if each image has one.

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
        seen = {caption, *(right[number] if right else ())}
        row = [caption]
        generator = np.random.default_rng([seed, number])
        for wrong in _candidates(caption, captions, swaps, generator):
            if len(row) >= choices:
                break
            if wrong not in seen:
                seen.add(wrong)
                row.append(wrong)
        rows.append(row)
    return rows


def _candidates(
    caption: str,
    captions: Sequence[str],
    swaps: WordSwaps,
    generator: np.random.Generator,
) -> Iterator[str]:
    once = swaps(caption)
    yield from once
    for start in generator.permutation(len(once)):
        yield from swaps(once[start])
    for other in generator.permutation(len(captions)):
        yield captions[other]


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
        self._rows: tuple[list[list[str]], list[list[str]]] = [], []

    def compute(
        self, score: ScoreFunction, collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `hard_choice`: how often the right caption scores highest, in percent.

        A tie counts as wrong. An image for which no caption is wrong is left out, and
        `settings` then has the number of these, `omitted`.

        Args:
            score: f(I, D) of the collection's images.
            collection: images with captions.

        Raises:
            InputError: no caption is wrong for any image.
        """
        counts = [len(example.captions) for example in collection]
        flat = iter(standardize_list(collection.captions()))
        own = [list(islice(flat, count)) for count in counts]
        choices = self._choices_of(own)
        chosen = [number for number, row in enumerate(choices) if len(row) > 1]
        if omitted := len(choices) - len(chosen):
            self.settings["omitted"] = omitted
        if not chosen:
            raise InputError(
                "There must be a wrong caption to choose from",
                "Use images with different captions, or captions with exchangeable "
                "phrases",
                images=len(choices),
            )
        right = 0
        bar = tqdm(chosen, disable=not self.progress, unit="img", desc="choices")
        for number in bar:
            scores = score(slice(number, number + 1), choices[number])[0]
            right += bool((scores[0] > scores[1:]).all())
        return {"hard_choice": 100.0 * right / len(chosen)}

    def _choices_of(self, own: list[list[str]]) -> list[list[str]]:
        """Return the rows of choices, which are kept for the next epoch.

        Args:
            own: the standardised captions of each image.
        """
        if self._rows[0] != own:
            first = [captions[0] for captions in own]
            rows = hard_choices(first, self.swaps, self.choices, right=own)
            self._rows = own, rows
        return self._rows[1]
