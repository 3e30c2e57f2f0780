"""Words to a picture and back: whether the same things are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.scenes import parse_caption
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    GenerateFunction,
    chosen_texts,
    paint,
)
from keras_imgdesc.text.standardization import standardize_list

# Pictures in, a caption for each out.
DescribeFunction = Callable[[list[np.ndarray]], Sequence[str]]


def same_objects(text_in: str, text_out: str) -> bool:
    """Whether two captions of Scenes name the same objects by colour and shape.

    Args:
        text_in: what was to be painted.
        text_out: what was read in the picture; one that does not parse is not the same.

    Example:

    >>> from keras_imgdesc.evaluation.paintings.closed_loop import same_objects
    >>> same_objects(
    ...     "a small red star above a large blue heart",
    ...     "here is a large blue heart below a large red star",
    ... )
    True
    """
    pairs = [parse_caption(text) for text in (text_in, text_out)]
    named = [
        None if parsed is None else Counter(item[1:] for item in parsed.objects)
        for parsed in pairs
    ]
    return named[0] is not None and named[0] == named[1]


def same_scene(text_in: str, text_out: str) -> bool:
    """Whether two captions of Scenes say the same, sizes and relations included.

    They may be worded from either end.

    Example:

    >>> from keras_imgdesc.evaluation.paintings.closed_loop import same_scene
    >>> same_scene(
    ...     "a small red star above a large blue heart",
    ...     "here is a large blue heart below a small red star",
    ... )
    True
    """
    first, second = parse_caption(text_in), parse_caption(text_out)
    if first is None or second is None:
        return False
    if (first.objects, first.relations) == (second.objects, second.relations):
        return True
    turned = tuple(_MIRRORED[relation] for relation in reversed(second.relations))
    return (first.objects, first.relations) == (second.objects[::-1], turned)


_MIRRORED = {
    "left of": "right of",
    "right of": "left of",
    "above": "below",
    "below": "above",
}


def closed_loop(
    texts_in: Sequence[str], texts_out: Sequence[str], names: Sequence[str] = ()
) -> dict[str, float]:
    """Compares the words that went in with those that came out.

    Args:
        texts_in: what was to be painted.
        texts_out: what was read in each picture.
        names: of what each text is about, such as a flower's kind; none for Scenes,
            whose captions are read whole.

    Returns:
        In percent: `loop_objects` and `loop_scene` of Scenes, or `loop_name`, how often
        the name comes out.

    Raises:
        InputError: lists of different lengths, or empty ones.
    """
    if not len(texts_in) == len(texts_out) > 0 or len(names) not in (0, len(texts_in)):
        raise InputError(
            "There must be a text out for each text in",
            "Give lists of the same length",
            texts_in=len(texts_in),
            texts_out=len(texts_out),
            names=len(names),
        )
    pairs = list(zip(texts_in, texts_out, strict=True))
    if not names:
        return {
            "loop_objects": 100.0 * float(np.mean([same_objects(*p) for p in pairs])),
            "loop_scene": 100.0 * float(np.mean([same_scene(*p) for p in pairs])),
        }
    # Whole words: a "rose" is not in "primrose".
    plain = standardize_list([*names, *texts_out])
    found = [
        f" {name} " in f" {text} "
        for name, text in zip(plain, plain[len(names) :], strict=False)
    ]
    return {"loop_name": 100.0 * float(np.mean(found))}


class ClosedLoop:
    """Paints texts, has the pictures described, and compares the words.

    Args:
        describe: such as `ImageCaptioner.generate`.
        name: of the captioner.
        limit: only so many texts of the collection.
        seed: of the painting.
    """

    def __init__(
        self,
        describe: DescribeFunction,
        name: str = "",
        limit: int | None = None,
        seed: int = 0,
    ) -> None:
        self.describe = describe
        self.limit = limit
        self.seed = seed
        self.settings = {"loop_captioner": name}

    def __call__(
        self, generate: GenerateFunction, validation: CaptionCollection
    ) -> dict[str, float]:
        """Measures a generator.

        Args:
            generate: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            validation: captions; pictures that have `extra["name"]` are compared by it.

        Returns:
            As `closed_loop`.
        """
        texts = chosen_texts(validation, self.limit)
        painted = paint(generate, texts, self.seed)
        examples = validation.examples[: self.limit]
        names = [str(e.extra["name"]) for e in examples if "name" in e.extra]
        return closed_loop(texts, list(self.describe(list(painted))), names)
