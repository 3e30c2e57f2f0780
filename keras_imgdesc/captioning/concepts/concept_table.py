"""The table that maps the classes of a classifier to everyday nouns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.text.vocabulary import Vocabulary

IMAGENET_TABLE = Path(__file__).parent / "imagenet_nouns.tsv"


class ConceptTable:
    """Everyday nouns for the classes of a classifier.

    Args:
        class_nouns: for each class, its nouns, single lower-case words; may be empty.

    Attributes:
        class_nouns: the nouns of each class.
        nouns: all nouns, in alphabetical order.

    Example:

    >>> from keras_imgdesc.captioning.concepts.concept_table import ConceptTable
    >>> from keras_imgdesc.text.vocabulary import Vocabulary
    >>> table = ConceptTable([["cat"], ["cup", "coffee"]])
    >>> table.detector_config(Vocabulary(["a", "cat", "cup"]), num_concepts=1)
    {'class_nouns': [[0], [1]], 'noun_token_ids': [5, 6], 'num_concepts': 1}
    """

    def __init__(self, class_nouns: Sequence[Sequence[str]]) -> None:
        self.class_nouns = tuple(tuple(nouns) for nouns in class_nouns)
        self.nouns = tuple(sorted({n for nouns in self.class_nouns for n in nouns}))

    @classmethod
    def load(cls, path: str | Path = IMAGENET_TABLE) -> ConceptTable:
        """Read a table of tab-separated values.

        Args:
            path: UTF-8 file with one line per class, in the order of the classifier:
                index, class name, and nouns separated by commas. Lines that begin with
                `#` are comments. By default, the table of ImageNet's 1,000 classes.

        Raises:
            InputError: the file cannot be read, or a line is malformed.
        """
        path = Path(path)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"The table of nouns must be a readable text file: {error}",
                "Check the path",
                file=path,
            ) from error
        class_nouns: list[list[str]] = []
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            cells = line.split("\t")
            if len(cells) != 3 or cells[0] != str(len(class_nouns)):
                raise InputError(
                    "A line of the table of nouns must have the index of the class, "
                    "its name and its nouns, separated by tabs",
                    f"Begin this line with {len(class_nouns)}",
                    file=path,
                    line=number,
                    content=line[:80],
                )
            nouns = (noun.strip() for noun in cells[2].split(","))
            class_nouns.append([noun for noun in nouns if noun])
        return cls(class_nouns)

    def known(self, vocabulary: Vocabulary) -> list[str]:
        """Return the nouns that a vocabulary has."""
        return [noun for noun in self.nouns if noun in vocabulary]

    def detector_config(self, vocabulary: Vocabulary, **options: Any) -> dict[str, Any]:
        """Return the arguments of a `ConceptDetector` for a vocabulary.

        Nouns that the vocabulary lacks are left out.

        Args:
            vocabulary: the decoder's words.
            **options: other arguments of `ConceptDetector`.

        Raises:
            InputError: the vocabulary has none of the nouns.
        """
        known = self.known(vocabulary)
        if not known:
            raise InputError(
                "The vocabulary must have a noun of the table",
                "Build it from captions with everyday nouns",
                nouns=list(self.nouns[:5]),
                words=len(vocabulary),
            )
        index = {noun: i for i, noun in enumerate(known)}
        return {
            "class_nouns": [
                [index[noun] for noun in nouns if noun in index]
                for nouns in self.class_nouns
            ],
            "noun_token_ids": [vocabulary.id_of(noun) for noun in known],
            **options,
        }
