"""The functions of a `.tflite` file, and what travels with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from keras_imgdesc.export.signature import Examples, Signature


@dataclass(frozen=True)
class LiteModel:
    """The functions of a `.tflite` file, and what travels with them.

    Args:
        signatures: functions of static shapes, by name. The converter sorts them by
            name; the first one runs when no signature is named.
        metadata: metadata of this task, added to the metadata of every file.
        vocabulary: `Vocabulary` of the task's tokenizer.
        representative: kind of representative input, `"images"` or `"texts"`.
        read_examples: a function that turns representative images or texts into inputs
            of one of the signatures; given None it draws them from Scenes.
        exact: names of the parts whose fully connected layers must stay float.
    """

    signatures: dict[str, Signature]
    metadata: dict[str, Any]
    vocabulary: Any
    representative: str
    read_examples: Callable[[Iterable[Any] | None], Examples]
    exact: tuple[str, ...] = ()


def text_metadata(encoder: Any) -> dict[str, Any]:
    """Describe how texts become the `token_ids` of a text encoder.

    Args:
        encoder: the text encoder.

    Returns:
        `tokenizer`, the name of its class, `sequence_length`, in tokens, and the
        entry of `split_metadata`.
    """
    return {
        "tokenizer": type(encoder.tokenizer).__name__,
        "sequence_length": encoder.sequence_length,
        **split_metadata(encoder.tokenizer),
    }


def split_metadata(tokenizer: Any) -> dict[str, str]:
    """Return how a tokenizer splits texts, as `split`; nothing if at spaces."""
    split = getattr(tokenizer, "split", "words")
    return {} if split == "words" else {"split": split}
