"""SPICE, by pycocoevalcap, where its files are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.requirements import (
    check_references,
    find_java,
    import_package,
    package_file,
)
from keras_imgdesc.evaluation.captions.tokenizers import CaptionSplitter, WordTokenizer
from keras_imgdesc.evaluation.metric import Sampler, mean_sampler

# The files that pycocoevalcap downloads the first time it computes SPICE.
DOWNLOADED = ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar")


class Spice:
    """SPICE: F1 of the objects, attributes and relations in a caption.

    Runs in Java and needs two files that pycocoevalcap does not contain and would
    download. Here they are never downloaded: without them, `check` raises.

    Args:
        tokenizer: splits captions and references into words.

    Reference:
        Anderson et al., "SPICE", https://arxiv.org/abs/1607.08822
    """

    name = "spice"
    higher_is_better = True
    needs = "runs in Java"

    def __init__(self, tokenizer: CaptionSplitter | None = None) -> None:
        self.tokenizer = tokenizer or WordTokenizer()
        # SPICE takes minutes, and both `compute` and `sampler` need it.
        self._last: tuple[Any, np.ndarray] | None = None

    def check(self) -> None:
        """Check that Java, pycocoevalcap and the downloaded files are there.

        Raises:
            InputError: one of them is missing.
        """
        find_java("SPICE")
        folder = package_file("spice", "spice-1.0.jar").parent / "lib"
        missing = [name for name in DOWNLOADED if not Path(folder, name).is_file()]
        if missing:
            raise InputError(
                "SPICE needs two large files that pycocoevalcap does not contain",
                "Use other metrics, or run 'python -m "
                "pycocoevalcap.spice.get_stanford_models', which downloads them",
                missing=missing,
                folder=folder,
            )

    def compute(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `spice` in [0, 100].

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Raises:
            InputError: the numbers of captions and images differ, or see `check`.
        """
        return {"spice": float(self._scores(captions, collection).mean())}

    def sampler(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> Sampler:
        """Return a sampler of the same number; see `ResampledMetric.sampler`.

        Args:
            captions, collection: see `compute`.

        Raises:
            InputError: see `compute`.
        """
        return mean_sampler({"spice": self._scores(captions, collection)})

    def _scores(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> np.ndarray:
        references = [example.captions for example in collection]
        check_references(captions, references)
        key = (list(captions), references)
        if self._last is None or self._last[0] != key:
            self.check()
            spice = import_package("pycocoevalcap.spice.spice").Spice()
            expected = {i: self.tokenizer(r) for i, r in enumerate(references)}
            given = {i: [c] for i, c in enumerate(self.tokenizer(captions))}
            _, details = spice.compute_score(expected, given)
            # Without objects in caption and references there is no F1.
            found = np.nan_to_num([detail["All"]["f"] for detail in details])
            self._last = (key, 100 * found)
        return self._last[1]
