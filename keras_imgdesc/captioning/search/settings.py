"""How captions are made: by beam search or by drawing."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from typing import Any

from keras_imgdesc.captioning.search.decoding import check_at_least
from keras_imgdesc.captioning.search.sampling import check_sampling
from keras_imgdesc.errors import InputError


@dataclass(frozen=True)
class GenerationSettings:
    """Settings of `ImageCaptioner.generate`, and the defaults that a model has.

    Attributes:
        num_beams: captions followed at a time, at least 1; 1 is greedy.
        length_penalty: exponent of the length, 0 or more.
        max_length: tokens of the longest caption, the end token included.
        temperature: above 0. If this or one of the next three is set, captions are
            drawn at random instead of searched.
        top_k: draw from this many of the likeliest words; 0 means all.
        top_p: draw from the words that have this probability together, in (0, 1].
        seed: makes the draw repeatable.

    Raises:
        InputError: a value is out of its range.

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

    def __post_init__(self) -> None:
        check_at_least(1, num_beams=self.num_beams, max_length=self.max_length)
        check_at_least(0, length_penalty=self.length_penalty)
        check_sampling(self.temperature, self.top_k, self.top_p)

    @property
    def is_sampling(self) -> bool:
        """Whether captions are drawn at random."""
        drawing = (self.temperature, self.top_k, self.top_p, self.seed)
        return any(value is not None for value in drawing)

    @property
    def sampling_values(self) -> tuple[float, int, float]:
        """temperature, top_k and top_p with what they are when left out."""
        return (
            1.0 if self.temperature is None else float(self.temperature),
            self.top_k or 0,
            1.0 if self.top_p is None else float(self.top_p),
        )

    def changed(self, **settings: Any) -> GenerationSettings:
        """These settings with those that are not None put in place.

        Raises:
            InputError: beams are asked for together with a draw.
        """
        given = {key: value for key, value in settings.items() if value is not None}
        changed = replace(self, **given)
        if changed.is_sampling and "num_beams" in given:
            raise InputError(
                "Captions are either searched with num_beams or drawn with "
                "temperature, top_k, top_p or seed",
                "Leave one of the two out",
                **given,
            )
        return changed

    def with_seed(self) -> GenerationSettings:
        """These settings, with a fresh seed if a draw has none."""
        if self.seed is not None or not self.is_sampling:
            return self
        return replace(self, seed=int.from_bytes(os.urandom(4), "big"))

    def get_config(self) -> dict[str, Any]:
        """The settings that are not None, ready for JSON."""
        return {key: value for key, value in asdict(self).items() if value is not None}
