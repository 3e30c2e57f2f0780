"""Whether two captions of Scenes agree."""

from __future__ import annotations

from collections import Counter

from keras_imgdesc.data.scenes.caption_reading import parse_caption


def same_objects(text_in: str, text_out: str) -> bool:
    """Return whether two captions of Scenes name the same objects by colour and shape.

    Args:
        text_in: the text that was painted.
        text_out: the caption of the painted image. If either is not a caption of
            Scenes, the result is False.

    Example:

    >>> from keras_imgdesc.data.scenes.caption_agreement import same_objects
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
    """Return whether two captions of Scenes state the same objects and relations.

    Sizes count. The objects may be named in reverse order, with mirrored relations.

    Args:
        text_in: the text that was painted.
        text_out: the caption of the painted image. If either is not a caption of
            Scenes, the result is False.

    Example:

    >>> from keras_imgdesc.data.scenes.caption_agreement import same_scene
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
