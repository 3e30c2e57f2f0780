"""Whether a painted picture is nearest to the text it was painted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.scenes import parse_caption
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    GenerateFunction,
    chosen_texts,
    paint,
    real_pictures,
)

# Pictures and texts in, f(I, D) float (pictures, texts) out.
ScoreFunction = Callable[[np.ndarray, list[str]], Any]


def r_precision(
    score: ScoreFunction,
    pictures: np.ndarray,
    texts: Sequence[str],
    meanings: Sequence[Any],
    choices: int = 100,
    seed: int = 0,
) -> float:
    """How often a picture's own text has the highest score of many.

    Wrong texts are drawn from those of other pictures, and mean something else.

    Args:
        score: such as `ImageTextMatcher.score`.
        pictures: uint8 `(pictures, size, size, 3)`.
        texts: the one that each picture is of.
        meanings: of each text, hashable; texts of one meaning are never put against
            each other.
        choices: texts to choose from, the right one among them.
        seed: of the drawing.

    Returns:
        In percent; by chance `100 / choices`. A tie counts against the right text.

    Raises:
        InputError: a picture has too few wrong texts.

    Reference:
        Xu et al., "AttnGAN", https://arxiv.org/abs/1711.10485
    """
    most = most_choices(meanings)
    if most < choices:
        raise InputError(
            "Each picture needs wrong texts to choose from",
            "Give more pictures, or lower `choices`",
            choices=choices,
            wrong_texts=most - 1,
        )
    generator = np.random.default_rng(seed)
    # In blocks with twice as many texts as are drawn: not all pictures by all texts.
    order = generator.permutation(len(texts))
    blocks = np.array_split(order, max(1, len(order) // (2 * choices)))
    if any(most_choices([meanings[i] for i in block]) < choices for block in blocks):
        blocks = [order]
    right = 0
    for block in blocks:
        named = [texts[i] for i in block]
        scores = np.asarray(score(pictures[block], named))
        for row, index in enumerate(block):
            wrong = [
                column
                for column, other in enumerate(block)
                if meanings[other] != meanings[index]
            ]
            drawn = generator.choice(wrong, choices - 1, replace=False)
            right += bool((scores[row, row] > scores[row, drawn]).all())
    return 100.0 * right / len(texts)


def most_choices(meanings: Sequence[Any]) -> int:
    """How many texts each can choose from: its own, and those of another meaning.

    Example:

    >>> from keras_imgdesc.evaluation.paintings.r_precision import most_choices
    >>> most_choices(["rose", "rose", "daisy"])
    2
    """
    return 1 + len(meanings) - max(Counter(meanings).values(), default=0)


def meaning_of(example: CaptionedImage, text: str) -> Any:
    """What a text says, so far as the data tell.

    The kind of a flower, the objects of a scene, or else its words.
    """
    if "label" in example.extra:
        return example.extra["label"]
    parsed = parse_caption(text)
    if parsed is not None:
        return tuple(sorted(parsed.objects))
    return text


class RPrecision:
    """A choice among wrong texts for each painted picture, and for each real one.

    Args:
        score: such as `ImageTextMatcher.score`.
        name: of the matcher.
        choices: texts to choose from.
        allow_fewer: where a collection has too few wrong texts, choose from as many as
            it has; `settings` then tells how many. Numbers of different choices cannot
            be compared.
        limit: only so many pictures of the collection.
        seed: of the painting and the drawing.
        on_real: also measure the real pictures, the matcher's own mark.
    """

    def __init__(
        self,
        score: ScoreFunction,
        name: str = "",
        choices: int = 100,
        limit: int | None = None,
        seed: int = 0,
        on_real: bool = True,
        allow_fewer: bool = False,
    ) -> None:
        if choices < 2:
            raise InputError(
                "There must be 2 texts at least to choose from",
                "Try 100",
                choices=choices,
            )
        self.score = score
        self.choices = choices
        self.limit = limit
        self.seed = seed
        self.on_real = on_real
        self.allow_fewer = allow_fewer
        self.settings: dict[str, Any] = {
            "r_precision_matcher": name,
            "r_precision_choices": choices,
        }

    def __call__(
        self, generate: GenerateFunction, validation: CaptionCollection
    ) -> dict[str, float]:
        """Measures a generator.

        Args:
            generate: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            validation: pictures with captions.

        Returns:
            `r_precision`, and `r_precision_real` if asked for; in percent.

        Raises:
            InputError: a picture has too few wrong texts, or none at all.
        """
        texts = chosen_texts(validation, self.limit)
        examples = validation.examples[: self.limit]
        meanings = [meaning_of(e, t) for e, t in zip(examples, texts, strict=True)]
        choices = self.choices
        if self.allow_fewer:
            choices = max(2, min(choices, most_choices(meanings)))
            self.settings["r_precision_choices"] = choices

        def measure(pictures: np.ndarray) -> float:
            return r_precision(
                self.score, pictures, texts, meanings, choices, self.seed
            )

        painted = paint(generate, texts, self.seed)
        found = {"r_precision": measure(painted)}
        if self.on_real:
            real = real_pictures(validation, painted.shape[1], self.limit)
            found["r_precision_real"] = measure(real)
        return found
