"""Settings of caption generation, by beam search or sampling."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from types import NoneType
from typing import Annotated, Any, TypedDict

import numpy as np

from keras_imgdesc.captioning.search.decoding import check_at_least
from keras_imgdesc.captioning.search.sampling import (
    check_sampling,
    required_words_are_not_sampled,
)
from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import Bounds
from keras_imgdesc.sizes import Length

# Types of the settings that are numbers.
_NUMBERS: dict[str, tuple[type, ...]] = {
    "num_beams": (int,),
    "max_length": (int,),
    "length_penalty": (int, float),
    "temperature": (int, float, NoneType),
    "top_k": (int, NoneType),
    "top_p": (int, float, NoneType),
    "seed": (int, NoneType),
}


_Word = Annotated[str, Bounds(0, 200)]
_Words = Annotated[list[_Word], Bounds(0, 100)]


class GenerationConfig(TypedDict, total=False):
    """What `GenerationSettings.get_config` returns, as JSON has it."""

    num_beams: Annotated[int, Bounds(1, 64)]
    length_penalty: Annotated[float, Bounds(0, 100)]
    max_length: Length
    temperature: Annotated[float, Bounds(0, 1000)]
    top_k: Annotated[int, Bounds(0, 1_000_000)]
    top_p: Annotated[float, Bounds(0, 1)]
    seed: int
    prefix: Annotated[str, Bounds(0, 2000)]
    require: _Words
    avoid: _Words
    use_concepts: bool


@dataclass(frozen=True)
class GenerationSettings:
    """Settings of `ImageCaptioner.generate`; a captioner keeps its defaults as one.

    If `temperature`, `top_k`, `top_p` or `seed` is set, captions are sampled instead of
    searched.

    Attributes:
        num_beams: number of captions kept by beam search, at least 1; 1 is greedy.
        length_penalty: exponent of the length in beam search, 0 or more.
        max_length: length of the longest caption in tokens, end token included.
        temperature: divisor of the log-probabilities, above 0; None means 1.
        top_k: number of most likely words to sample from; None or 0 means all.
        top_p: probability of the smallest set of most likely words to sample from, in
            (0, 1]; None means 1.
        seed: seed of the random numbers; None means a different one each time.
        prefix: words that every caption begins with, such as `"a photo of"`; None or
            `""` means none.
        require: words that every caption contains, in any order; None or none. Not for
            sampling. A word is one token of the vocabulary exactly: `"dog"` is not met
            by "dogs". Beam search keeps `num_beams` beams for each number of missing
            words: n + 1 times as many beams for n words.
        avoid: words that no caption contains, again exactly; None or none.
        use_concepts: whether a decoder that is guided by concepts sees them; None means
            True. Others ignore it.

    Raises:
        InputError: a value is out of range or of the wrong type, or required words are
            to be sampled.

    Example:

    >>> from keras_imgdesc.captioning import GenerationSettings
    >>> GenerationSettings(num_beams=5).changed(seed=1).is_sampling
    True
    """

    num_beams: int = 3
    length_penalty: float = 0.8
    max_length: int = 23
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    seed: int | None = None
    prefix: str | None = None
    require: tuple[str, ...] | None = None
    avoid: tuple[str, ...] | None = None
    use_concepts: bool | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.prefix, str | None):
            raise InputError(
                "prefix must be a string",
                "Write its words with spaces, such as 'a photo of'",
                prefix=self.prefix,
            )
        object.__setattr__(self, "prefix", self.prefix or None)
        for name in ("require", "avoid"):
            object.__setattr__(self, name, _word_tuple(name, getattr(self, name)))
        for name, kinds in _NUMBERS.items():
            object.__setattr__(self, name, _number(name, getattr(self, name), kinds))
        check_at_least(1, num_beams=self.num_beams, max_length=self.max_length)
        check_at_least(0, length_penalty=self.length_penalty)
        check_sampling(self.temperature, self.top_k, self.top_p)
        if self.is_sampling and self.require:
            raise required_words_are_not_sampled(require=self.require)

    @property
    def is_sampling(self) -> bool:
        """Whether captions are sampled."""
        sampling = (self.temperature, self.top_k, self.top_p, self.seed)
        return any(value is not None for value in sampling)

    @property
    def sampling_values(self) -> tuple[float, int, float]:
        """`temperature`, `top_k` and `top_p`, with defaults in place of None."""
        return (
            1.0 if self.temperature is None else float(self.temperature),
            self.top_k or 0,
            1.0 if self.top_p is None else float(self.top_p),
        )

    @property
    def words(self) -> dict[str, Any]:
        """`prefix`, `require` and `avoid`, those that are not None."""
        given = {n: getattr(self, n) for n in ("prefix", "require", "avoid")}
        return {name: value for name, value in given.items() if value is not None}

    def changed(self, **settings: Any) -> GenerationSettings:
        """Return these settings with some replaced; None keeps a value.

        An empty `prefix`, `require` or `avoid` removes that of these settings.

        Raises:
            InputError: a value is unsuitable, or `num_beams` is set together with a
                setting of sampling.
        """
        given = {key: value for key, value in settings.items() if value is not None}
        changed = replace(self, **given)
        if changed.is_sampling and "num_beams" in given:
            raise InputError(
                "Captions are either searched with num_beams or sampled with "
                "temperature, top_k, top_p or seed",
                "Omit num_beams, or omit the others",
                **given,
            )
        return changed

    def with_seed(self) -> GenerationSettings:
        """Return these settings, with a random seed if sampling has none."""
        if self.seed is not None or not self.is_sampling:
            return self
        return replace(self, seed=int.from_bytes(os.urandom(4), "big"))

    def get_config(self) -> dict[str, Any]:
        """Return the settings that are not None, ready for JSON."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def _number(name: str, value: Any, kinds: tuple[type, ...]) -> Any:
    """Return a number of Python, also for one of NumPy, which JSON would refuse."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, kinds):
        rule = "a number" if float in kinds else "a whole number"
        raise InputError(f"{name} must be {rule}", "Convert it", **{name: value})
    return value


def _word_tuple(name: str, words: Any) -> tuple[str, ...] | None:
    """Return words as a tuple, or None if there are none; a string is one word."""
    if words is None:
        return None
    if isinstance(words, str):
        return (words,)
    found = tuple(words) if isinstance(words, Iterable) else (words,)
    if not all(isinstance(word, str) for word in found):
        raise InputError(
            f"{name} must be a list of words", "Pass a list of strings", **{name: words}
        )
    return found or None
