"""Captions of a flower, derived from its name and its measured colours."""

from __future__ import annotations

from collections.abc import Sequence

# `{a}` is the article of the name, `{an}` that of the colours.
COLOURED = (
    "{an} {colours} {name}",
    "a photo of {a} {name} with {colours} petals",
    "this flower is {a} {name} and its petals are {colours}",
    "{a} {name} whose flower is {colours}",
    "this {colours} flower is called {name}",
)
PLAIN = (
    "{a} {name}",
    "a photo of {a} {name}",
    "this flower is {a} {name}",
    "a close view of {a} {name}",
    "a flower called {name}",
)


def derive_captions(name: str, colours: Sequence[str]) -> tuple[str, ...]:
    """Return captions made from a name and colours, not written by a person.

    Args:
        name: name of the kind of flower.
        colours: colours as from `petal_colours`; may be empty.

    Returns:
        Six captions, the last without the colours; or five if there are no colours.

    Example:

    >>> from keras_imgdesc.data.flowers import derive_captions
    >>> for caption in derive_captions("orange dahlia", ["orange", "red"]):
    ...     print(caption)
    an orange and red dahlia
    a photo of an orange dahlia with orange and red petals
    this flower is an orange dahlia and its petals are orange and red
    an orange dahlia whose flower is orange and red
    this orange and red flower is called orange dahlia
    a photo of an orange dahlia
    """
    name = _without_repetition(name)
    if not colours:
        return tuple(form.format(a=_article(name), name=name) for form in PLAIN)
    joined = " and ".join(colours)
    captions = []
    for form in COLOURED:
        # Avoid "an orange orange dahlia".
        is_beside = form.endswith("{colours} {name}")
        short = _without_words(name, colours) if is_beside else name
        captions.append(
            form.format(
                a=_article(short), an=_article(joined), colours=joined, name=short
            )
        )
    captions.append(PLAIN[1].format(a=_article(name), name=name))
    return tuple(captions)


def _article(words: str) -> str:
    return "an" if words[0].lower() in "aeiou" else "a"


def _without_words(name: str, words: Sequence[str]) -> str:
    kept = [word for word in name.split() if word not in words]
    return " ".join(kept) or name


def _without_repetition(name: str) -> str:
    """Return a name without repeated words: a list of names has "lotus lotus"."""
    return " ".join(dict.fromkeys(name.split()))
