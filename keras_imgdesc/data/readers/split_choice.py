"""The choice of a split among the splits that a file names."""

from __future__ import annotations

from keras_imgdesc.data.readers.caption_checks import MALFORMED, SEVERAL_SPLITS
from keras_imgdesc.data.readers.caption_collector import CaptionCollector
from keras_imgdesc.errors import InputError

_SYNONYMS = {
    "training": "train",
    "validation": "val",
    "valid": "val",
    "dev": "val",
    "testing": "test",
}


class SplitChoice:
    """The choice of the entries of one or more splits.

    An image belongs to the split that is named first; entries that name another one
    are problems, so that no image is in training and validation.

    Args:
        collector: collector of the problems.
        split: names of splits, joined by `+`; None chooses all. `validation`, `valid`,
            `dev` and `val` are the same.
    """

    def __init__(self, collector: CaptionCollector, split: str | None) -> None:
        self.collector = collector
        self.split = split
        self._chosen = (
            None if split is None else {common_name(name) for name in split.split("+")}
        )
        self._splits: dict[str, str] = {}
        self._found: dict[str, str] = {}

    def take(self, image: str, split: object, place: str) -> bool:
        """Return whether to read an entry.

        Args:
            image: what identifies the image.
            split: the split that the entry names; None or "" if it names none.
            place: name of the entry in a problem, as from `CaptionCollector.place`.
        """
        own = split.strip() if isinstance(split, str) else ""
        own = own.encode("utf-8", "replace").decode()  # errors print it
        if not own:
            if self._chosen is not None:
                self.collector.add_problem(MALFORMED, place, "no split")
            return self._chosen is None
        common = self._found.setdefault(own, common_name(own))
        first = self._splits.setdefault(image, own)
        if self._found[first] != common:
            detail = f"{own} here, {first} before"
            self.collector.add_problem(SEVERAL_SPLITS, place, detail)
            return False
        return self._chosen is None or common in self._chosen

    def finish(self) -> None:
        """Refuse a split that no entry names.

        Raises:
            InputError: a chosen split was not found.
        """
        if self._chosen is not None and not self._chosen <= set(self._found.values()):
            names = ", ".join(sorted(self._found)) or "it has none"
            raise InputError(
                "The file must contain images of the split",
                f"Use one of its splits: {names}",
                annotations=self.collector.annotations,
                split=self.split,
            )


def common_name(name: str) -> str:
    """Return the name of a split in lower case, that of validation as `"val"`."""
    name = name.strip().lower()
    return _SYNONYMS.get(name, name)
