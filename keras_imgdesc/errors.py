"""Errors that state what is wrong, what was received and what to do."""

from __future__ import annotations

import inspect
from importlib.util import find_spec
from itertools import islice

from keras_imgdesc.printable import cut, printable

# What a message shows of a value, of a name, of a rule or remedy, and of a collection.
_LONGEST_VALUE = 200
_LONGEST_NAME = 60
_LONGEST_SENTENCE = 2000
_MOST_VALUES = 20
INSTALL_TENSORFLOW = (
    "Run `pip uninstall keras-imgdesc-lite`, if that is installed, then "
    "`pip install keras-imgdesc`"
)


class InputError(ValueError):
    """An input of the user cannot be used.

    The message always has three parts: the broken rule, what was received, and what to
    do about it.

    Args:
        rule: the broken rule, a sentence (with or without a final full stop).
        remedy: what to do, an imperative.
        **received: the offending values by name. The message shows at most 200
            characters of each, and 20 of them.

    The message is one line without control characters, whatever the arguments hold; see
    `keras_imgdesc.printable`.

    Attributes:
        rule, remedy, received: the arguments, as given.

    Example:

    >>> from keras_imgdesc.errors import InputError
    >>> error = InputError("`num_beams` must be positive", "Try 3", num_beams=0)
    >>> print(error)
    `num_beams` must be positive. Received: num_beams=0. Try 3.
    """

    # Without this mark Keras replaces an error that is raised in a layer's `call` by a
    # RuntimeError.
    _keras_call_info_injected = True

    def __init__(self, rule: str, remedy: str, **received: object) -> None:
        self.rule = rule
        self.remedy = remedy
        self.received = received
        parts = [_sentence(rule)]
        if received:
            shown = [
                f"{cut(key, _LONGEST_NAME)}={_show(value)}"
                for key, value in islice(received.items(), _MOST_VALUES)
            ]
            if len(received) > _MOST_VALUES:
                shown.append(f"... ({len(received)} values)")
            parts.append(f"Received: {', '.join(shown)}.")
        parts.append(_sentence(remedy))
        super().__init__(printable(" ".join(part for part in parts if part)))

    def __reduce__(self) -> tuple[object, ...]:
        # By default, exceptions are rebuilt from their message alone, which does not
        # fit this constructor: a worker process could not return them.
        return (_rebuild, (type(self), self.rule, self.remedy, self.received))


class ImageError(InputError):
    """An image cannot be read; the message names the file.

    Example:

    >>> from keras_imgdesc.errors import ImageError
    >>> print(ImageError("The file is empty", "Copy it again", image="a.jpg"))
    The file is empty. Received: image='a.jpg'. Copy it again.
    """


class DamagedImageWarning(UserWarning):
    """Data of an image are missing; what there is was read. The message names the file.

    Args:
        image: name of the image.
        damage: what is missing.

    Attributes:
        image, damage: the arguments.

    Example:

    >>> from keras_imgdesc.errors import DamagedImageWarning
    >>> print(DamagedImageWarning("a.jpg", "its end is missing"))
    The image is damaged: its end is missing. Received: image='a.jpg'. Copy it again.
    """

    def __init__(self, image: object, damage: str) -> None:
        self.image, self.damage = image, damage
        super().__init__(
            f"The image is damaged: {damage}. Received: image={_show(image)}. "
            "Copy it again."
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.image, self.damage))


class UnknownWordsWarning(UserWarning):
    """A text has words that a model does not know; the message names them."""


class MissingInLiteError(InputError, AttributeError):
    """A class that runs in LiteRT lacks what was asked of it.

    It is an `AttributeError` too, as `hasattr` expects.
    """


def refuse_unknown_options(owner: type, unknown: dict[str, object]) -> None:
    """Refuse unknown arguments of a constructor.

    Keras itself silently accepts a misspelt argument of a functional model.

    Args:
        owner: the class of the constructor.
        unknown: the unknown arguments by name.

    Raises:
        InputError: there are unknown arguments.
    """
    if not unknown:
        return
    parameters = inspect.signature(owner).parameters.values()
    known = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
    raise InputError(
        f"{owner.__name__} has no such option", f"Use one of {known}", **unknown
    )


def check_on_error(on_error: str) -> None:
    """Refuse an `on_error` other than `"raise"` and `"return"`.

    Args:
        on_error: what a method does with an image that cannot be read.

    Raises:
        InputError: it is something else.
    """
    if on_error not in ("raise", "return"):
        raise InputError(
            "on_error must be 'raise' or 'return'",
            "Use 'raise' to stop at a broken image, or 'return' to go on",
            on_error=on_error,
        )


def check_tensorflow(what: str) -> None:
    """Refuse what needs TensorFlow and Keras where they are not installed.

    They are looked for, not imported.

    Args:
        what: what needs them, the subject of the message.

    Raises:
        InputError: one of them is not installed, as with `keras-imgdesc-lite`.
    """
    missing = [name for name in ("tensorflow", "keras") if find_spec(name) is None]
    if missing:
        raise InputError(
            f"{what} needs TensorFlow and Keras",
            INSTALL_TENSORFLOW,
            not_installed=missing,
        )


def _rebuild(
    kind: type[InputError], rule: str, remedy: str, received: dict[str, object]
) -> InputError:
    return kind(rule, remedy, **received)


def _sentence(text: str) -> str:
    text = cut(str(text).strip(), _LONGEST_SENTENCE)
    return text if not text or text[-1] in ".!?" else text + "."


def _show(value: object) -> str:
    # A path is shown as the user typed it, not as PosixPath('...').
    if hasattr(value, "__fspath__"):
        value = str(value)
    try:
        text = repr(value)
    # An object of any class, such as one that is nested too deeply, or a number with
    # more digits than Python converts, must not replace the error.
    except Exception:
        text = f"<{type(value).__name__}>"
    if not isinstance(value, str):
        text = " ".join(text.split())  # arrays have lines
    return cut(text, _LONGEST_VALUE)
