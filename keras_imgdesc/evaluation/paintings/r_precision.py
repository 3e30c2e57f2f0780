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
from keras_imgdesc.text.right_texts import RightTexts, number_texts

# f(I, D): uint8 images and texts to float (images, texts).
ScoreFunction = Callable[[np.ndarray, list[str]], Any]


def r_precision(
    score: ScoreFunction,
    images: np.ndarray,
    texts: Sequence[str],
    meanings: Sequence[Any],
    choices: int = 100,
    seed: int = 0,
    captions: Sequence[Sequence[str]] = (),
) -> float:
    """Compute how often an image's own text scores highest among many.

    Wrong texts are drawn from the texts of other images that have another meaning and
    equal none of the image's captions.

    Args:
        score: f(I, D), such as `ImageTextMatcher.score`.
        images: uint8 `(images, size, size, 3)`.
        texts: the text of each image.
        meanings: the meaning of each text, hashable. Texts of equal meaning never
            compete.
        choices: texts to choose from, the right one included.
        seed: seed of the drawing of wrong texts.
        captions: all captions of each image; empty if the texts are all there are.

    Returns:
        The share in percent; `100 / choices` for a random choice. A tie counts as
        wrong.

    Raises:
        InputError: an image has too few wrong texts.

    Reference:
        Xu et al., "AttnGAN", https://arxiv.org/abs/1711.10485
    """
    wrong_texts = WrongChoices(texts, meanings, captions)
    rows = np.arange(len(texts))
    most = wrong_texts.most_choices(rows)
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
    if any(wrong_texts.most_choices(block) < choices for block in blocks):
        blocks = [order]
    right = 0
    for block in blocks:
        scores = np.asarray(score(images[block], [texts[i] for i in block]))
        for row, index in enumerate(block):
            wrong = wrong_texts(index, block)
            drawn = generator.choice(wrong, choices - 1, replace=False)
            right += bool((scores[row, row] > scores[row, drawn]).all())
    return 100.0 * right / len(texts)


class WrongChoices:
    """The texts of other images that are wrong for an image.

    A text is right if it has the meaning of the image's own text, or if it equals one
    of the image's captions once both are standardised.

    Args:
        texts, meanings, captions: see `r_precision`.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.paintings.r_precision import WrongChoices
    >>> wrong = WrongChoices(["a rose", "a daisy", "A rose."], [0, 1, 2])
    >>> wrong(0, np.arange(3)).tolist(), wrong.most_choices(np.arange(3))
    ([1], 2)
    """

    def __init__(
        self,
        texts: Sequence[str],
        meanings: Sequence[Any],
        captions: Sequence[Sequence[str]] = (),
    ) -> None:
        own = captions or [[text] for text in texts]
        flat = [caption for several in own for caption in several]
        numbers = number_texts([*texts, *flat])
        owner = np.repeat(np.arange(len(texts)), [len(several) for several in own])
        number: dict[Any, int] = {}
        self._meanings = np.array(
            [number.setdefault(m, len(number)) for m in meanings], int
        )
        self._texts, self._own = numbers[: len(texts)], numbers[len(texts) :]
        self._ends = np.searchsorted(owner, np.arange(len(texts) + 1))
        self._is_right = RightTexts(owner, self._own)

    def __call__(self, image: int, block: np.ndarray) -> np.ndarray:
        """Return the places in `block` of the texts that are wrong for an image.

        Args:
            image: number of the image.
            block: int (texts,), numbers of the texts.
        """
        is_right = self._is_right([image], self._texts[block])[0]
        means_same = self._meanings[block] == self._meanings[image]
        return np.flatnonzero(~is_right & ~means_same)

    def most_choices(self, block: np.ndarray) -> int:
        """Return from how many texts of a block each of its images can choose.

        Args:
            block: int (texts,), numbers of images and of their texts.
        """
        texts, meanings = self._texts[block].tolist(), self._meanings[block].tolist()
        of_text, of_meaning = Counter(texts), Counter(meanings)
        of_both = Counter(zip(texts, meanings))
        most_right = 0
        for image, meaning in zip(block, meanings):
            own = set(self._own[self._ends[image] : self._ends[image + 1]].tolist())
            more = sum(of_text[text] - of_both[text, meaning] for text in own)
            most_right = max(most_right, of_meaning[meaning] + more)
        return 1 + len(texts) - most_right


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
        captions = [example.captions for example in examples]
        choices = self.choices
        if self.allow_fewer:
            wrong = WrongChoices(texts, meanings, captions)
            most = wrong.most_choices(np.arange(len(texts)))
            choices = max(2, min(choices, most))
            self.settings["r_precision_choices"] = choices

        def measure(images: np.ndarray) -> float:
            return r_precision(
                self.score, images, texts, meanings, choices, self.seed, captions
            )

        painted = paint_texts(paint, texts, self.seed)
        found = {"r_precision": measure(painted)}
        if self.on_real:
            real = load_real_images(collection, painted.shape[1], self.limit)
            found["r_precision_real"] = measure(real)
        return found
