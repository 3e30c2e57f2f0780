"""The closed loop: text to image to caption, and whether both texts agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.scenes.caption_agreement import same_objects, same_scene
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import select_texts
from keras_imgdesc.evaluation.paintings.paint_function import (
    PaintFunction,
    paint_texts,
)
from keras_imgdesc.text.standardization import standardize_list

# Images to captions, one per image.
DescribeFunction = Callable[[list[np.ndarray]], Sequence[str]]

LOOP_SCORES = ("loop_scene", "loop_objects", "loop_name")


def closed_loop(
    texts_in: Sequence[str], texts_out: Sequence[str], names: Sequence[str] = ()
) -> dict[str, float]:
    """Compare painted texts with captions of the painted images.

    Args:
        texts_in: the texts that were painted.
        texts_out: the caption of each painted image.
        names: what each text is about, such as the kind of a flower; empty for Scenes,
            whose captions are parsed instead.

    Returns:
        Shares in percent: `loop_objects` and `loop_scene` for Scenes, or `loop_name`,
        how often the caption contains the name.

    Raises:
        InputError: the lists are empty or differ in length.

    Example:

    >>> from keras_imgdesc.evaluation.paintings.closed_loop import closed_loop
    >>> closed_loop(["a rose in bloom"], ["a pink rose"], ["rose"])
    {'loop_name': 100.0}
    """
    if not len(texts_in) == len(texts_out) > 0 or len(names) not in (0, len(texts_in)):
        raise InputError(
            "Each painted text needs a caption and, unless of Scenes, a name",
            "Pass lists of the same length, with at least one text",
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
    # Only whole words count: "primrose" does not contain the name "rose".
    plain = standardize_list([*names, *texts_out])
    found = [
        f" {name} " in f" {text} "
        for name, text in zip(plain, plain[len(names) :], strict=False)
    ]
    return {"loop_name": 100.0 * float(np.mean(found))}


class ClosedLoop:
    """The agreement of painted texts with captions of the painted images.

    Args:
        describe: images to captions, such as `ImageCaptioner.generate`.
        captioner: name of the captioner, reported with the numbers.
        name: the number that models are compared by: `"loop_scene"` or
            `"loop_objects"` of Scenes, or `"loop_name"` of images that have
            `extra["name"]`, such as flowers.
        limit: number of texts, from the start of the collection; None takes all.
        seed: seed of the painting.

    Raises:
        InputError: `name` is unknown.
    """

    higher_is_better = True

    def __init__(
        self,
        describe: DescribeFunction,
        captioner: str = "",
        name: str = "loop_scene",
        limit: int | None = None,
        seed: int = 0,
    ) -> None:
        if name not in LOOP_SCORES:
            raise InputError(
                "The name must be that of a score of the closed loop",
                f"Use one of {list(LOOP_SCORES)}",
                name=name,
            )
        self.describe = describe
        self.name = name
        self.limit = limit
        self.seed = seed
        self.settings = {"loop_captioner": captioner}

    def compute(
        self, paint: PaintFunction, collection: CaptionCollection
    ) -> dict[str, float]:
        """Return the numbers of `closed_loop`, in percent.

        Args:
            paint: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            collection: images with captions; with `extra["name"]` for `"loop_name"`.

        Raises:
            InputError: a name is needed and an image has none.
        """
        texts = select_texts(collection, self.limit)
        names = []
        if self.name == "loop_name":
            names = _names(collection, self.limit)
        painted = paint_texts(paint, texts, self.seed)
        return closed_loop(texts, list(self.describe(list(painted))), names)


def _names(collection: CaptionCollection, limit: int | None) -> list[str]:
    examples = collection.examples[:limit]
    for example in examples:
        if "name" not in example.extra:
            raise InputError(
                "Every image must have the name of its kind",
                "Set extra['name'], or compare Scenes by 'loop_scene'",
                image=example.image_id,
            )
    return [str(example.extra["name"]) for example in examples]
