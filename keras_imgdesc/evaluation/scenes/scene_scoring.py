"""Whether a picture shows what a caption of Scenes says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from keras_imgdesc.data.scenes import ParsedCaption, parse_caption
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.scenes.scene_reader import SceneReading, read_scene

# Names of the numbers of `score_scenes`.
SCENE_SCORES = (
    "scene_found",
    "scene_objects",
    "scene_sizes",
    "scene_relations",
    "scene_exact",
)


@dataclass(frozen=True)
class SceneScore:
    """What of a caption a picture shows.

    Args:
        found: share of the caption's objects that are there, with colour and shape.
        objects: whether all are there, and nothing else.
        sizes: whether, beyond that, each has its size.
        relations: whether, beyond `objects`, each stated relation is true.
    """

    found: float
    objects: bool
    sizes: bool
    relations: bool

    @property
    def scene(self) -> bool:
        """Whether the picture shows exactly what the caption says."""
        return self.sizes and self.relations


def score_scene(reading: SceneReading, caption: ParsedCaption) -> SceneScore:
    """Compares what a picture shows with what a caption says.

    Two objects of the same colour and shape may stand for each other, in the way that
    makes most of the caption true.

    Args:
        reading: of `read_scene`.
        caption: of `parse_caption`.

    Example:

    >>> from keras_imgdesc.data.scenes import make_scene, parse_caption
    >>> from keras_imgdesc.evaluation.scenes.scene_reader import read_scene
    >>> from keras_imgdesc.evaluation.scenes.scene_scoring import score_scene
    >>> reading = read_scene(make_scene("test", 1)[1])
    >>> wrong = parse_caption("a large blue square")
    >>> score_scene(reading, wrong).scene
    False
    """
    seen = [item.words for item in reading.graph.objects]
    left = [words[1:] for words in seen]
    found = 0
    for _, colour, shape in caption.objects:
        if (colour, shape) in left:
            left.remove((colour, shape))
            found += 1
    share = found / len(caption.objects)
    if left or reading.unclear or found < len(caption.objects):
        return SceneScore(share, False, False, False)
    best = (False, False)
    for chain in permutations(range(len(seen))):
        pairs = list(zip(chain, caption.objects, strict=True))
        if any(seen[index][1:] != words[1:] for index, words in pairs):
            continue
        sizes = all(seen[index] == words for index, words in pairs)
        relations = all(
            reading.graph.relation(first, second) == relation
            for first, second, relation in zip(
                chain, chain[1:], caption.relations, strict=False
            )
        )
        best = max(best, (sizes, relations), key=lambda pair: (sum(pair), pair))
    return SceneScore(share, True, *best)


def score_scenes(
    pictures: Sequence[np.ndarray], captions: Sequence[str]
) -> dict[str, float]:
    """How many pictures show what their captions say, by rules alone.

    Args:
        pictures: uint8 RGB `(size, size, 3)` each.
        captions: one for each picture, as `caption_scene` words them.

    Returns:
        In percent: `scene_found` (objects that are there with colour and shape, of all
        that are named), `scene_objects` (pictures with all of them and nothing else),
        and of all pictures those that moreover have `scene_sizes`, `scene_relations`
        or both right (`scene_exact`).

    Raises:
        InputError: another number of captions, none, or one that is not of Scenes.
    """
    if len(pictures) != len(captions) or not len(captions):
        raise InputError(
            "There must be a caption for each picture, and one at least",
            "Give lists of the same length",
            pictures=len(pictures),
            captions=len(captions),
        )
    scores = []
    for picture, text in zip(pictures, captions, strict=True):
        parsed = parse_caption(text)
        if parsed is None:
            raise InputError(
                "The caption must be one of Scenes",
                "Word it like 'a small red star left of a large blue heart'",
                caption=text,
            )
        scores.append(score_scene(read_scene(picture), parsed))
    rows = [
        (score.found, score.objects, score.sizes, score.relations, score.scene)
        for score in scores
    ]
    return {
        name: 100.0 * float(np.mean([float(value) for value in column]))
        for name, column in zip(SCENE_SCORES, zip(*rows, strict=True), strict=True)
    }
