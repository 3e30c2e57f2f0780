"""R-precision: whether a painted image matches its own text best."""

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
    load_real_images,
    select_texts,
)
from keras_imgdesc.evaluation.paintings.paint_function import (
    PaintFunction,
    paint_texts,
)

# f(I, D): uint8 images and texts to float (images, texts).
ScoreFunction = Callable[[np.ndarray, list[str]], Any]


def r_precision(
    score: ScoreFunction,
    images: np.ndarray,
    texts: Sequence[str],
    meanings: Sequence[Any],
    choices: int = 100,
    seed: int = 0,
) -> float:
    """Compute how often an image's own text scores highest among many.

    Wrong texts are drawn from the texts of other images that have another meaning.

    Args:
        score: f(I, D), such as `ImageTextMatcher.score`.
        images: uint8 `(images, size, size, 3)`.
        texts: the text of each image.
        meanings: the meaning of each text, hashable. Texts of equal meaning never
            compete.
        choices: texts to choose from, the right one included.
        seed: seed of the drawing of wrong texts.

    Returns:
        The share in percent; `100 / choices` for a random choice. A tie counts as
        wrong.

    Raises:
        InputError: an image has too few wrong texts.

    Reference:
        Xu et al., "AttnGAN", https://arxiv.org/abs/1711.10485
    """
    most = most_choices(meanings)
    if most < choices:
        raise InputError(
            "Each image needs enough wrong texts to choose from",
            "Use more images or fewer choices",
            choices=choices,
            wrong_texts=most - 1,
        )
    generator = np.random.default_rng(seed)
    # Blocks of twice as many texts as are drawn: cheaper than all images by all texts.
    order = generator.permutation(len(texts))
    blocks = np.array_split(order, max(1, len(order) // (2 * choices)))
    if any(most_choices([meanings[i] for i in block]) < choices for block in blocks):
        blocks = [order]
    right = 0
    for block in blocks:
        scores = np.asarray(score(images[block], [texts[i] for i in block]))
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
    """Return how many texts every image can choose from.

    These are its own text and all texts of another meaning.

    Example:

    >>> from keras_imgdesc.evaluation.paintings.r_precision import most_choices
    >>> most_choices(["rose", "rose", "daisy"])
    2
    """
    return 1 + len(meanings) - max(Counter(meanings).values(), default=0)


def meaning_of(example: CaptionedImage, text: str) -> Any:
    """Return what a text means, as far as the data tell.

    Args:
        example: the image that the text belongs to.
        text: one of its captions.

    Returns:
        The class label of an image that has one, the objects of a scene, or else the
        text itself.
    """
    if "label" in example.extra:
        return example.extra["label"]
    parsed = parse_caption(text)
    if parsed is not None:
        return tuple(sorted(parsed.objects))
    return text


class RPrecision:
    """R-precision of painted images, beside that of real ones; see `r_precision`.

    Args:
        score: f(I, D), such as `ImageTextMatcher.score`.
        matcher: name of the matcher, reported with the numbers.
        choices: texts to choose from, the right one included.
        limit: number of texts, from the start of the collection; None takes all.
        seed: seed of the painting and of the drawing of wrong texts.
        on_real: whether to measure the real images too, as an upper bound.
        allow_fewer: whether to choose from fewer texts if the collection has too few
            wrong ones. `settings` then holds the number used; values of different
            numbers of choices cannot be compared.

    Raises:
        InputError: `choices` is below 2.
    """

    name = "r_precision"
    higher_is_better = True

    def __init__(
        self,
        score: ScoreFunction,
        matcher: str = "",
        choices: int = 100,
        limit: int | None = None,
        seed: int = 0,
        on_real: bool = True,
        allow_fewer: bool = False,
    ) -> None:
        if choices < 2:
            raise InputError(
                "There must be at least 2 texts to choose from",
                "Use for example choices=100",
                choices=choices,
            )
        self.score = score
        self.choices = choices
        self.limit = limit
        self.seed = seed
        self.on_real = on_real
        self.allow_fewer = allow_fewer
        self.settings: dict[str, Any] = {
            "r_precision_matcher": matcher,
            "r_precision_choices": choices,
        }

    def compute(
        self, paint: PaintFunction, collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `r_precision` and, if asked for, `r_precision_real`, in percent.

        Args:
            paint: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            collection: images with captions.

        Raises:
            InputError: an image has too few wrong texts, or none if `allow_fewer`.
        """
        texts = select_texts(collection, self.limit)
        examples = collection.examples[: self.limit]
        meanings = [meaning_of(e, t) for e, t in zip(examples, texts, strict=True)]
        choices = self.choices
        if self.allow_fewer:
            choices = max(2, min(choices, most_choices(meanings)))
            self.settings["r_precision_choices"] = choices

        def measure(images: np.ndarray) -> float:
            return r_precision(self.score, images, texts, meanings, choices, self.seed)

        painted = paint_texts(paint, texts, self.seed)
        found = {"r_precision": measure(painted)}
        if self.on_real:
            real = load_real_images(collection, painted.shape[1], self.limit)
            found["r_precision_real"] = measure(real)
        return found
