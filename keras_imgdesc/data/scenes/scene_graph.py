"""The objects of a scene and the relations between them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import permutations
from typing import Annotated, Literal, TypedDict

from keras_imgdesc.data.scenes.scene_object import COLOURS, SHAPES, SIZES, SceneObject
from keras_imgdesc.json_files import Bounds, parse_json

RELATIONS = ("left of", "right of", "above", "below")


class _Object(TypedDict):
    size: Literal[SIZES]  # type: ignore[valid-type]
    colour: Literal[COLOURS]  # type: ignore[valid-type]
    shape: Literal[SHAPES]  # type: ignore[valid-type]
    x: float
    y: float
    radius: float


class _Graph(TypedDict):
    objects: Annotated[list[_Object], Bounds(1, 3)]


@dataclass(frozen=True)
class SceneGraph:
    """The objects of a scene in reading order, and the relations between them.

    Reading order is from the top left to the bottom right, by increasing `x + y`. One
    axis clearly dominates between any two objects, so the order is visible in the
    image and does not depend on single pixels: of two objects, the earlier is left of
    the later or above it.

    Args:
        objects: one to three objects in reading order, no two with equal words.

    Example:

    >>> from keras_imgdesc.data.scenes import SceneGraph, SceneObject
    >>> left = SceneObject("small", "red", "circle", x=0.2, y=0.5, radius=0.1)
    >>> right = SceneObject("large", "blue", "star", x=0.8, y=0.6, radius=0.17)
    >>> graph = SceneGraph((left, right))
    >>> graph.relation(1, 0)
    'right of'
    >>> SceneGraph.from_json(graph.to_json()) == graph
    True
    """

    objects: tuple[SceneObject, ...]

    def relation(self, first: int, second: int) -> str:
        """Return the relation of object `first` to object `second`.

        Args:
            first: position of the first object in `objects`.
            second: position of the second object.

        Returns:
            One of `RELATIONS`.
        """
        a, b = self.objects[first], self.objects[second]
        if abs(a.x - b.x) >= abs(a.y - b.y):
            return "left of" if a.x < b.x else "right of"
        return "above" if a.y < b.y else "below"

    def relations(self) -> dict[tuple[int, int], str]:
        """Return the relation of every ordered pair of objects, by their positions."""
        pairs = permutations(range(len(self.objects)), 2)
        return {pair: self.relation(*pair) for pair in pairs}

    def to_json(self) -> str:
        """Return the objects with their positions, and all relations, as JSON."""
        relations = [[i, relation, j] for (i, j), relation in self.relations().items()]
        objects = [asdict(item) for item in self.objects]
        return json.dumps({"objects": objects, "relations": relations})

    @classmethod
    def from_json(cls, text: str) -> SceneGraph:
        """Return the scene that `to_json` wrote; relations follow from positions.

        Raises:
            InputError: the text is no JSON of objects.
        """
        found = parse_json(text, _Graph, what="A scene graph", allow_unknown=True)
        return cls(tuple(SceneObject(**item) for item in found["objects"]))
