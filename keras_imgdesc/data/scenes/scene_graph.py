"""What a scene holds: its objects and how they lie to each other."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import permutations

from keras_imgdesc.data.scenes.scene_object import SceneObject

RELATIONS = ("left of", "right of", "above", "below")


@dataclass(frozen=True)
class SceneGraph:
    """The objects of a scene in reading order, with the relations between them.

    Reading order goes from the top left to the bottom right: by growing `x + y`.
    Between any two objects of a scene one axis clearly dominates, so the order can
    be seen in the picture and never hangs on a pixel: of two objects, the earlier
    one lies left of the later one, or above it.

    Args:
        objects: one to three objects, no two with the same words, in reading order.

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
        """How object `first` lies to object `second`: one of `RELATIONS`."""
        a, b = self.objects[first], self.objects[second]
        if abs(a.x - b.x) >= abs(a.y - b.y):
            return "left of" if a.x < b.x else "right of"
        return "above" if a.y < b.y else "below"

    def relations(self) -> dict[tuple[int, int], str]:
        """The relation of every ordered pair of objects."""
        pairs = permutations(range(len(self.objects)), 2)
        return {pair: self.relation(*pair) for pair in pairs}

    def to_json(self) -> str:
        """Writes the objects with their places, and every relation."""
        relations = [[i, relation, j] for (i, j), relation in self.relations().items()]
        objects = [asdict(item) for item in self.objects]
        return json.dumps({"objects": objects, "relations": relations})

    @classmethod
    def from_json(cls, text: str) -> SceneGraph:
        """Reads what `to_json` wrote (relations follow from the places)."""
        return cls(tuple(SceneObject(**item) for item in json.loads(text)["objects"]))
