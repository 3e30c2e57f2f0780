"""A parser of the captions of scenes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from keras_imgdesc.data.scenes.caption_writing import PHRASES, TEMPLATES
from keras_imgdesc.data.scenes.scene_graph import SceneGraph
from keras_imgdesc.data.scenes.scene_object import COLOURS, SHAPES, SIZES

_MEANING = {phrase: key for key, phrases in PHRASES.items() for phrase in phrases}


def _one_of(options: object) -> str:
    return "(" + "|".join(sorted(options, key=len, reverse=True)) + ")"  # type: ignore[call-overload]


_LEAD = re.compile(f"(?:{_one_of(t.lead for t in TEMPLATES if t.lead)} )?")
_OBJECT = re.compile(f"a {_one_of(SIZES)} {_one_of(COLOURS)} {_one_of(SHAPES)}")
_RELATION = re.compile(f" {_one_of(_MEANING)} ")


@dataclass(frozen=True)
class ParsedCaption:
    """The content of a caption.

    Args:
        objects: `(size, colour, shape)` of each object, in the order of mention.
        relations: the relation of each object except the last to the next one.
    """

    objects: tuple[tuple[str, str, str], ...]
    relations: tuple[str, ...]


def parse_caption(text: str) -> ParsedCaption | None:
    """Parse a caption of a scene.

    Args:
        text: a caption; case and punctuation are ignored.

    Returns:
        The content, or None for a text that is not a caption of a scene, such as one
        with an additional word or an object without a size.

    Example:

    >>> from keras_imgdesc.data.scenes import parse_caption
    >>> parsed = parse_caption("There is a small red star over a large blue heart.")
    >>> parsed.objects
    (('small', 'red', 'star'), ('large', 'blue', 'heart'))
    >>> parsed.relations
    ('above',)
    >>> parse_caption("there is a red star") is None
    True
    """
    text = " ".join(re.findall(r"[^\W_]+", text.lower()))
    start = _LEAD.match(text)
    position = start.end() if start else 0
    objects: list[tuple[str, str, str]] = []
    relations: list[str] = []
    while True:
        item = _OBJECT.match(text, position)
        if item is None:
            return None
        objects.append((item[1], item[2], item[3]))
        position = item.end()
        if position == len(text):
            return ParsedCaption(tuple(objects), tuple(relations))
        relation = _RELATION.match(text, position)
        if relation is None:
            return None
        relations.append(_MEANING[relation[1]])
        position = relation.end()


def objects_match(caption: str, graph: SceneGraph) -> bool:
    """Return whether a caption names every object of a scene once, and no other.

    Args:
        caption: a caption in any wording; one that cannot be parsed never matches.
        graph: the scene.
    """
    parsed = parse_caption(caption)
    words = Counter(item.words for item in graph.objects)
    return parsed is not None and Counter(parsed.objects) == words


def relations_match(caption: str, graph: SceneGraph) -> bool:
    """Return whether every relation that a caption states is true.

    A relation with an object that is not in the scene is false. A caption of one object
    states no relation and matches.

    Args:
        caption: a caption in any wording; one that cannot be parsed never matches.
        graph: the scene.
    """
    parsed = parse_caption(caption)
    if parsed is None:
        return False
    places = {item.words: index for index, item in enumerate(graph.objects)}
    chain = [places.get(words) for words in parsed.objects]
    for first, relation, second in zip(
        chain, parsed.relations, chain[1:], strict=False
    ):
        if first is None or second is None or first == second:
            return False
        if graph.relation(first, second) != relation:
            return False
    return True


def graph_matches(caption: str, graph: SceneGraph) -> bool:
    """Return whether a caption is exactly right.

    It must name every object of the scene once, with size, colour and shape, and no
    other; and all relations that it states, one between each two consecutive objects,
    must be true.

    Args:
        caption: a caption in any wording; one that cannot be parsed is wrong.
        graph: the scene.

    Example:

    >>> from keras_imgdesc.data.scenes import SceneGraph, SceneObject, graph_matches
    >>> circle = SceneObject("small", "red", "circle", 0.2, 0.5, 0.1)
    >>> star = SceneObject("large", "blue", "star", 0.8, 0.5, 0.17)
    >>> graph = SceneGraph((circle, star))
    >>> graph_matches("a small red circle left of a large blue star", graph)
    True
    >>> graph_matches("a small red circle above a large blue star", graph)
    False
    """
    return objects_match(caption, graph) and relations_match(caption, graph)
