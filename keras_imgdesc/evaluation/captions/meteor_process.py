"""The Java program of METEOR, inside pycocoevalcap."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from types import TracebackType

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.requirements import find_java, package_file

# Numbers of a line of statistics: lengths and function words of caption and reference,
# four kinds of matches of each of four stages, chunks, and matched words of both.
NUM_STATISTICS = 23
# Bars separate the texts of a request, and the Java program reads line by line.
_SEPARATOR = re.compile(r"\||\s+")


class MeteorProcess:
    """Align captions and references with METEOR 1.5.

    A context manager: the program starts when the context is entered. This takes some
    seconds and up to 2 GB of memory, since it reads a table of paraphrases. Both are in
    the package pycocoevalcap; nothing is downloaded. Its own wrapper is not used
    because it leaves pipes open and the encoding to the locale.

    Raises:
        InputError: Java or pycocoevalcap is missing.

    Reference:
        Denkowski and Lavie, "Meteor Universal", https://aclanthology.org/W14-3348
    """

    def __init__(self) -> None:
        self.java = find_java("METEOR")
        self.jar = package_file("meteor", "meteor-1.5.jar")
        package_file("meteor", "data", "paraphrase-en.gz")

    def __enter__(self) -> MeteorProcess:
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [self.java, "-Dfile.encoding=UTF-8", "-Xmx2G", "-jar", str(self.jar),
             "-", "-", "-stdio", "-l", "en", "-norm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )  # fmt: skip
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def align(self, caption: str, references: Sequence[str]) -> np.ndarray:
        """Align a caption with the reference that gives it the highest score.

        Args:
            caption: words separated by spaces, or empty.
            references: one or more texts of that form.

        Returns:
            Statistics, float64 `(NUM_STATISTICS,)`.

        Raises:
            InputError: the program has ended.
        """
        request = " ||| ".join(["SCORE", *map(_clean, references), _clean(caption)])
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(f"{request}\n".encode("utf-8", "replace"))
            self._process.stdin.flush()
        except BrokenPipeError:
            answer = b""
        else:
            answer = self._process.stdout.readline()
        numbers = answer.split()
        if len(numbers) != NUM_STATISTICS:
            self._errors.seek(0)
            message = self._errors.read().decode("utf-8", "replace").strip()
            raise InputError(
                "METEOR must answer with the statistics of a caption",
                f"Use other metrics; Java printed: {message[-200:] or 'nothing'}",
                answer=answer.decode("utf-8", "replace"),
            )
        return np.array([float(number) for number in numbers])


def _clean(text: str) -> str:
    return " ".join(_SEPARATOR.sub(" ", text).split())
