"""The agreement of an image of Scenes with a caption."""

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
    """The agreement of an image with a caption.

    Args:
        found: share of the caption's objects in the image, by colour and shape.
        objects: whether the image has all of them and nothing else.
        sizes: whether, in addition to `objects`, every size is right.
        relations: whether, in addition to `objects`, every stated relation is true.
    """

    found: float
    objects: bool
    sizes: bool
    relations: bool

    @property
    def scene(self) -> bool:
        """Whether the image shows exactly what the caption says."""
        return self.sizes and self.relations


def score_scene(reading: SceneReading, caption: ParsedCaption) -> SceneScore:
    """Compare the content of an image with a caption.

    If several objects have the same colour and shape, they are assigned to those of the
    caption such that most of it is true.

    Args:
        reading: content of the image, as from `read_scene`.
        caption: parsed caption, as from `parse_caption`.

    Example:

    >>> from keras_imgdesc.data.scenes import make_scene, parse_caption
    >>> from keras_imgdesc.evaluation.scenes.scene_reader import read_scene
    >>> from keras_imgdesc.evaluation.scenes.scene_scoring import score_scene
    >>> reading = read_scene(make_scene("test", 1)[1])
    >>> wrong = parse_caption("a large blue square")
    >>> score_scene(reading, wrong).scene
    False
    """
    words_found = [item.words for item in reading.graph.objects]
    remaining = [words[1:] for words in words_found]
    found = 0
    for _, colour, shape in caption.objects:
        if (colour, shape) in remaining:
            remaining.remove((colour, shape))
            found += 1
    share = found / len(caption.objects)
    if remaining or reading.unclear or found < len(caption.objects):
        return SceneScore(share, False, False, False)
    best = (False, False)
    for chain in permutations(range(len(words_found))):
        pairs = list(zip(chain, caption.objects, strict=True))
        if any(words_found[index][1:] != words[1:] for index, words in pairs):
            continue
        sizes = all(words_found[index] == words for index, words in pairs)
        relations = all(
            reading.graph.relation(first, second) == relation
            for first, second, relation in zip(
                chain, chain[1:], caption.relations, strict=False
            )
        )
        best = max(best, (sizes, relations), key=lambda pair: (sum(pair), pair))
    return SceneScore(share, True, *best)


def score_scenes(
    images: Sequence[np.ndarray], captions: Sequence[str]
) -> dict[str, float]:
    """Return how many images show what their captions say, judged by rules.

    Args:
        images: uint8 RGB, each `(size, size, 3)`.
        captions: one per image, worded as by `caption_scene`.

    Returns:
        Shares in percent. `scene_found`: named objects that are in the image, by colour
        and shape. Of all images, `scene_objects`: those with all named objects and
        nothing else; `scene_sizes`, `scene_relations`: those that also have the right
        sizes, or relations; `scene_exact`: those that have both right.

    Raises:
        InputError: there are no images, the numbers of images and captions differ, or a
            caption is not one of Scenes.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.scenes.scene_scoring import score_scenes
    >>> scenes = draw_scenes("test", 2)
    >>> images = [scene.image for scene in scenes]
    >>> score_scenes(images, [scene.captions[0] for scene in scenes])["scene_exact"]
    100.0
    """
    if len(images) != len(captions) or not len(captions):
        raise InputError(
            "Each image needs a caption, and there must be at least one image",
            "Pass one caption per image",
            images=len(images),
            captions=len(captions),
        )
    scores = []
    for image, text in zip(images, captions, strict=True):
        parsed = parse_caption(text)
        if parsed is None:
            raise InputError(
                "The caption must be worded as a caption of Scenes",
                "Use for example 'a small red star left of a large blue heart'",
                caption=text,
            )
        scores.append(score_scene(read_scene(image), parsed))
    rows = [
        (score.found, score.objects, score.sizes, score.relations, score.scene)
        for score in scores
    ]
    return {
        name: 100.0 * float(np.mean([float(value) for value in column]))
        for name, column in zip(SCENE_SCORES, zip(*rows, strict=True), strict=True)
    }
