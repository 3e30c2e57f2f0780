"""SPICE, by pycocoevalcap, where its files are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.mean_metric import MeanMetric
from keras_imgdesc.evaluation.captions.requirements import (
    find_java,
    import_package,
    package_file,
)
from keras_imgdesc.evaluation.captions.word_metric import JavaMetric

# The files that pycocoevalcap downloads the first time it computes SPICE.
DOWNLOADED = ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar")


class Spice(JavaMetric, MeanMetric):
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

    def score_images(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, np.ndarray]:
        """Return `spice` of each image, in [0, 100].

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Raises:
            InputError: the numbers of captions and images differ, an image has no
                reference, or see `check`.
        """
        return {"spice": self.measure_once(captions, collection)}

    def measure(
        self, captions: Sequence[str], references: Sequence[Sequence[str]]
    ) -> np.ndarray:
        """Return the score of each image, float64 `(images,)`."""
        self.check()
        spice = import_package("pycocoevalcap.spice.spice").Spice()
        expected = {i: self.tokenizer(r) for i, r in enumerate(references)}
        given = {i: [c] for i, c in enumerate(self.tokenizer(captions))}
        _, details = spice.compute_score(expected, given)
        # Without objects in caption and references there is no F1.
        return 100 * np.nan_to_num([detail["All"]["f"] for detail in details])
