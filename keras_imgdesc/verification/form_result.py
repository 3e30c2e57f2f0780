"""What one form of a model said."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FormResult:
    """Captions of one form, each picture described alone, and what they cost.

    Attributes:
        form: its name, as `"tflite int8"`.
        exact: whether it must give the captions of Python, word for word.
        captions: of each picture.
        log_probs: log P(caption | image) of each.
        seconds: of each, reading and decoding of the file included.
        size: bytes on disk.
        peak_memory: most bytes resident in its process, from its start; 0 where the
            system does not tell.
    """

    form: str
    exact: bool
    captions: list[str]
    log_probs: list[float]
    seconds: list[float]
    size: int
    peak_memory: int
