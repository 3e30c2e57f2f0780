"""The bases of metrics that compare the words of captions and references."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.captions.requirements import (
    checked_references,
    import_package,
)
from keras_imgdesc.evaluation.captions.tokenizers import CaptionSplitter, WordTokenizer


class WordMetric:
    """A metric that compares the words of captions with those of references.

    Args:
        tokenizer: splits captions and references into words; None takes lower-case
            words without punctuation.

    Attributes:
        PACKAGE: module of the extra `eval` that does the counting.
    """

    PACKAGE: ClassVar[str]

    def __init__(self, tokenizer: CaptionSplitter | None = None) -> None:
        self.tokenizer = tokenizer or WordTokenizer()

    def check(self) -> None:
        """Check that all it needs is installed.

        Raises:
            InputError: something is missing.
        """
        import_package(self.PACKAGE)


class JavaMetric(WordMetric, ABC):
    """A `WordMetric` that a slow Java program measures.

    A subclass overrides `check` and `measure`.

    Args:
        tokenizer: see `WordMetric`.
    """

    needs = "runs in Java"

    def __init__(self, tokenizer: CaptionSplitter | None = None) -> None:
        super().__init__(tokenizer)
        self._last: tuple[Any, np.ndarray] | None = None

    @abstractmethod
    def measure(
        self, captions: Sequence[str], references: Sequence[Sequence[str]]
    ) -> np.ndarray:
        """Run the program.

        Args:
            captions: generated captions, one per image.
            references: reference captions, one or more per image.

        Returns:
            What it says of each image, float `(images, ...)`.

        Raises:
            InputError: see `check`, or the program fails.
        """

    def measure_once(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> np.ndarray:
        """Return what `measure` does, and remember it until the arguments change.

        Both `compute` and `sampler` need it.

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Raises:
            InputError: see `checked_references` and `measure`.
        """
        references = checked_references(captions, collection)
        key = (list(captions), references, self.tokenizer)
        if self._last is None or self._last[0] != key:
            self._last = (key, self.measure(captions, references))
        return self._last[1]
