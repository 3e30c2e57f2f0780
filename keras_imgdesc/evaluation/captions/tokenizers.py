"""Tokenizers, which split captions into words before they are compared."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from typing import Protocol

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.requirements import (
    find_java,
    import_package,
    package_file,
)
from keras_imgdesc.text.standardization import standardize_list

# The Java class splits lines at all of these, and `\s` has them all.
_WHITE_SPACE = re.compile(r"\s+")
_BRACKETS = re.compile(r"[()\[\]{}]")


class CaptionSplitter(Protocol):
    """A tokenizer of captions.

    Attributes:
        description: reported with every score, which means little without it.
    """

    @property
    def description(self) -> str: ...

    def check(self) -> None:
        """Check that all it needs is installed.

        Raises:
            InputError: something is missing.
        """
        ...

    def __call__(self, texts: Sequence[str], /) -> list[str]:
        """Return each text as words separated by single spaces."""
        ...


class WordTokenizer:
    """Split captions as the captioner's vocabulary does; see `standardize`.

    Letters of Chinese, Japanese, Thai and other scripts without spaces count one by
    one, whether or not the captioner reads them so.

    Example:

    >>> from keras_imgdesc.evaluation.captions.tokenizers import WordTokenizer
    >>> WordTokenizer()(["A man's T-shirt (red)."])
    ['a mans t shirt red']
    """

    description = "lower-case words of letters and digits, no punctuation"

    def check(self) -> None:
        """Return at once: it needs nothing."""

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Return each text as words separated by single spaces.

        Args:
            texts: captions.
        """
        return standardize_list(list(texts), "characters") if len(texts) else []


class PtbTokenizer:
    """Split captions as the COCO caption evaluation does, in Java.

    The tokenizer is Stanford's of the Penn Treebank, from pycocoevalcap, without its
    wrapper. The wrapper joins captions by line feeds and takes the lines of the answer
    in turn. The Java class also ends a line at a carriage return, U+2028 and others, so
    that one such character gives every later caption the words of the caption before.
    And it turns brackets into words such as `-lrb-`, which the wrapper keeps. Here,
    white space becomes a space and brackets are removed before, and the lines of the
    answer are counted.

    Texts that were split before are remembered: starting Java takes half a second.

    Reference:
        Chen et al., "Microsoft COCO Captions", https://arxiv.org/abs/1504.00325
    """

    name = "ptb"
    needs = "runs in Java"
    description = "Penn Treebank words in lower case, no punctuation"

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def check(self) -> None:
        """Check that Java and pycocoevalcap are installed.

        Raises:
            InputError: one of them is missing.
        """
        find_java("The tokenizer 'ptb'")
        package_file("tokenizer", self._module().STANFORD_CORENLP_3_4_1_JAR)

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Return each text as words separated by single spaces.

        Args:
            texts: captions.

        Raises:
            InputError: Java or pycocoevalcap is missing, or Java fails.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known |= zip(new, self._split(new), strict=True)
        return [self._known[text] for text in texts]

    def _split(self, texts: list[str]) -> list[str]:
        module = self._module()
        java = find_java("The tokenizer 'ptb'")
        jar = package_file("tokenizer", module.STANFORD_CORENLP_3_4_1_JAR)
        lines = [_WHITE_SPACE.sub(" ", _BRACKETS.sub(" ", text)) for text in texts]
        done = subprocess.run(
            [java, "-Dfile.encoding=UTF-8", "-cp", str(jar),
             "edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase"],
            input="".join(f"{line}\n" for line in lines).encode("utf-8", "replace"),
            capture_output=True,
        )  # fmt: skip
        found = done.stdout.decode("utf-8", "replace").removesuffix("\n").split("\n")
        if done.returncode or len(found) != len(lines):
            raise InputError(
                "The tokenizer 'ptb' must return one line per caption",
                "Use the tokenizer 'words'; Java ended with: "
                f"{done.stderr.decode('utf-8', 'replace').strip()[-200:]}",
                captions=len(lines),
                lines=len(found),
            )
        dropped = set(module.PUNCTUATIONS)
        return [
            " ".join(word for word in line.split() if word not in dropped)
            for line in found
        ]

    def _module(self):
        return import_package("pycocoevalcap.tokenizer.ptbtokenizer")


# Tokenizers by the name that the command line gives them.
TOKENIZERS: dict[str, Callable[[], CaptionSplitter]] = {
    "words": WordTokenizer,
    "ptb": PtbTokenizer,
}
