"""Errors that tell the user what was wrong, what was received and what to do."""

from __future__ import annotations

import inspect

_LONGEST_VALUE = 200


class InputError(ValueError):
    """Something handed in by the user cannot be used.

    The message always has the same three parts: the rule that was broken, what
    was received, and what to do about it.

    Args:
        rule: the rule that was broken, a sentence (with or without a final stop).
        remedy: what to do, a sentence.
        **received: the offending values by name. Long ones are cut when shown.

    Attributes:
        rule, remedy, received: the arguments, as given.

    Example:

    >>> from keras_imgdesc.errors import InputError
    >>> error = InputError("`num_beams` must be positive", "Try 3", num_beams=0)
    >>> print(error)
    `num_beams` must be positive. Received: num_beams=0. Try 3.
    """

    def __init__(self, rule: str, remedy: str, **received: object) -> None:
        self.rule = rule
        self.remedy = remedy
        self.received = received
        parts = [_sentence(rule)]
        if received:
            shown = ", ".join(
                f"{key}={_show(value)}" for key, value in received.items()
            )
            parts.append(f"Received: {shown}.")
        parts.append(_sentence(remedy))
        super().__init__(" ".join(part for part in parts if part))

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are rebuilt from their message alone by default, which does
        # not fit this constructor: they could not come back from a worker process.
        return (_rebuild, (type(self), self.rule, self.remedy, self.received))


class ImageError(InputError):
    """A picture cannot be read; the message names the file.

    Example:

    >>> from keras_imgdesc.errors import ImageError
    >>> print(ImageError("The file is empty", "Copy it again", image="a.jpg"))
    The file is empty. Received: image='a.jpg'. Copy it again.
    """


def refuse_unknown_options(owner: type, unknown: dict[str, object]) -> None:
    """Refuses what a constructor has no use for.

    Keras itself lets a misspelt argument of a functional model pass in silence.

    Args:
        owner: the class, whose constructor names what it knows.
        unknown: the rest, by name.

    Raises:
        InputError: there is a rest.
    """
    if not unknown:
        return
    parameters = inspect.signature(owner).parameters.values()
    known = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
    raise InputError(
        f"{owner.__name__} has no such option", f"It has {known}", **unknown
    )


def _rebuild(
    kind: type[InputError], rule: str, remedy: str, received: dict[str, object]
) -> InputError:
    return kind(rule, remedy, **received)


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".!?" else text + "."


def _show(value: object) -> str:
    # A path is shown as the string that the user typed, not as PosixPath('...').
    text = repr(str(value)) if hasattr(value, "__fspath__") else repr(value)
    if len(text) > _LONGEST_VALUE:
        text = text[:_LONGEST_VALUE] + f"... ({len(text)} characters)"
    return text
