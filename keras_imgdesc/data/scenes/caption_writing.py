"""Captions of scenes."""

from __future__ import annotations

from dataclasses import dataclass

from keras_imgdesc.data.scenes.scene_graph import SceneGraph
from keras_imgdesc.data.scenes.scene_object import COLOURS, SHAPES, SIZES

# Two phrases per relation: a long one and a short one.
PHRASES = {
    "left of": ("to the left of", "left of"),
    "right of": ("to the right of", "right of"),
    "above": ("above", "over"),
    "below": ("below", "under"),
}

# Phrases that exclude each other: replacing one by another makes a caption wrong.
EXCHANGEABLE = (
    SIZES,
    COLOURS,
    SHAPES,
    tuple(full for full, _ in PHRASES.values()),
    tuple(short for _, short in PHRASES.values()),
)


@dataclass(frozen=True)
class Template:
    """A wording of captions.

    Args:
        lead: words before the first object.
        phrase: which of the two `PHRASES` of a relation to use.
        is_backward: whether objects are named from the last to the first.
    """

    lead: str
    phrase: int
    is_backward: bool


# The lead determines the rest: after it, only one caption is right, so that a model can
# be exact. No caption exceeds 22 words, so 24 tokens are enough.
TEMPLATES = (
    Template("", 0, False),
    Template("there is", 1, False),
    Template("a picture of", 1, False),
    Template("we see", 0, True),
    Template("here is", 1, True),
)


def caption_scene(graph: SceneGraph) -> tuple[str, ...]:
    """Return five captions, one per template.

    Each names every object with size, colour and shape, and states the relation between
    consecutive objects. The first three captions name the objects in reading order, the
    last two in reverse.

    Args:
        graph: a scene of at least one object.

    Returns:
        Lower-case captions without punctuation.

    Example:

    >>> from keras_imgdesc.data.scenes import SceneGraph, SceneObject, caption_scene
    >>> circle = SceneObject("small", "red", "circle", 0.2, 0.5, 0.1)
    >>> star = SceneObject("large", "blue", "star", 0.8, 0.5, 0.17)
    >>> for caption in caption_scene(SceneGraph((circle, star))):
    ...     print(caption)
    a small red circle to the left of a large blue star
    there is a small red circle left of a large blue star
    a picture of a small red circle left of a large blue star
    we see a large blue star to the right of a small red circle
    here is a large blue star right of a small red circle
    """
    return tuple(_word(graph, template) for template in TEMPLATES)


def _word(graph: SceneGraph, template: Template) -> str:
    order = list(range(len(graph.objects)))
    if template.is_backward:
        order.reverse()
    words = [template.lead] if template.lead else []
    for position, index in enumerate(order):
        if position:
            relation = graph.relation(order[position - 1], index)
            words.append(PHRASES[relation][template.phrase])
        words.append("a " + " ".join(graph.objects[index].words))
    return " ".join(words)
