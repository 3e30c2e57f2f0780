"""What verification needs to know of a task."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from keras_imgdesc.data.caption_collection import CaptionCollection

# One request, and one answer to it: values by name, which `runners.wire` can encode.
Request = dict[str, Any]
Answer = dict[str, Any]
Ask = Callable[[Request], Answer]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        key: key of the values in a row.
        title: heading.
        format: format specification of the values, with their width.
        change: key of a second value, shown in brackets after the first.
    """

    key: str
    title: str
    format: str
    change: str | None = None

    def heading(self) -> str:
        """Return the title, padded to the width of the column."""
        return self._padded(self.title)

    def cell(self, row: dict[str, Any]) -> str:
        """Return the value of a row, padded to the width of the column."""
        text = format(row[self.key], self.format).strip()
        if self.change:
            text += f" ({row[self.change]:+.2f})"
        return self._padded(text)

    def _padded(self, text: str) -> str:
        found = re.match(r"(>?)(\d+)", self.format)
        assert found, self.format
        width = int(found[2]) + (len(" (+0.00)") if self.change else 0)
        return text.rjust(width) if found[1] else text.ljust(width)


class TaskCheck(ABC):
    """How one kind of task is asked in every form, and how two answers compare.

    The runners load subclasses in processes that must not import TensorFlow, so that
    their modules may import it inside of methods only.

    Attributes:
        task: name of the task's class.
        signature: name of the SavedModel's signature that answers requests.
        outputs: names of the signature's outputs that an answer is read from, `error`
            among them.
        columns: columns of the table, for the values of `compare`.
    """

    task: ClassVar[str]
    signature: ClassVar[str]
    outputs: ClassVar[tuple[str, ...]]
    columns: ClassVar[tuple[Column, ...]]

    @abstractmethod
    def requests(
        self, task: Any, collection: CaptionCollection, folder: Path
    ) -> list[Request]:
        """Return the requests, at least two.

        Args:
            task: the task.
            collection: images with captions.
            folder: folder for files that requests name.

        Raises:
            InputError: there are fewer than two requests, or the task cannot answer
                one.
        """

    @abstractmethod
    def python(self, preset: str) -> Ask:
        """Load a preset and return the function that answers requests with it."""

    @abstractmethod
    def lite(self, path: str, num_threads: int | None) -> Ask:
        """Open a `.tflite` file and return the function that answers requests."""

    def litert(self, preset: str, num_threads: int | None) -> Ask:
        """Load the `.tflite` file of a preset as every program does that runs it."""
        from keras_imgdesc.runtimes import load

        return self.ask(load(preset, "litert", num_threads))

    @abstractmethod
    def ask(self, task: Any) -> Ask:
        """Return the function that answers requests with a task, in either engine."""

    @abstractmethod
    def inputs(self, request: Request) -> dict[str, np.ndarray]:
        """Return the inputs of the signature; strings as object arrays of bytes."""

    def answer(self, outputs: dict[str, np.ndarray]) -> Answer:
        """Return the answer in the outputs of the signature.

        Raises:
            RuntimeError: the signature reports an error for the request.
        """
        if any(outputs["error"]):
            raise RuntimeError(f"The signature {self.signature}: {outputs['error']}")
        return self.read(outputs)

    @abstractmethod
    def read(self, outputs: dict[str, np.ndarray]) -> Answer:
        """Return the answer in the outputs of the signature for a good request."""

    @abstractmethod
    def compare(
        self, requests: list[Request], answers: list[Answer], expected: list[Answer]
    ) -> dict[str, Any]:
        """Measure how far answers agree with those of Python.

        Args:
            requests: the requests.
            answers: answers of one form, in order.
            expected: answers of Python.
        """

    @abstractmethod
    def passes(self, row: dict[str, Any]) -> bool:
        """Return whether a float32 form with these values of `compare` is right."""
