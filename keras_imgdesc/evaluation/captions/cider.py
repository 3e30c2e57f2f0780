"""CIDEr-D of a corpus, by pycocoevalcap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.captions.cider_sampler import CiderSampler
from keras_imgdesc.evaluation.captions.requirements import (
    check_references,
    checked_references,
    import_package,
)
from keras_imgdesc.evaluation.captions.tokenizers import CaptionSplitter, WordTokenizer
from keras_imgdesc.evaluation.captions.word_metric import WordMetric
from keras_imgdesc.evaluation.metric import Sampler


class CiderD(WordMetric):
    """CIDEr-D of a corpus; see `cider_d`.

    Args:
        tokenizer: splits captions and references into words.
    """

    name = "cider_d"
    higher_is_better = True
    PACKAGE = "pycocoevalcap.cider.cider"

    def compute(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `cider_d` in [0, 10].

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Raises:
            InputError: see `cider_d`.
        """
        references = [example.captions for example in collection]
        return {"cider_d": cider_d(captions, references, self.tokenizer)}

    def sampler(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> Sampler:
        """Return a sampler of the same number; see `ResampledMetric.sampler`.

        Each resample has its own document frequencies.

        Args:
            captions, collection: see `compute`.

        Raises:
            InputError: see `cider_d`.
        """
        references = checked_references(captions, collection)
        return CiderSampler(
            self.tokenizer(captions), [self.tokenizer(r) for r in references]
        )


def cider_d(
    captions: Sequence[str],
    references: Sequence[Sequence[str]],
    tokenizer: CaptionSplitter | None = None,
) -> float:
    """Compute CIDEr-D of a corpus with pycocoevalcap.

    Document frequencies come from `references`, so scores of different collections
    cannot be compared. A single image always scores 0.

    Args:
        captions: generated captions, one per image.
        references: reference captions, one or more per image.
        tokenizer: splits captions and references into words; None takes lower-case
            words without punctuation.

    Returns:
        CIDEr-D in [0, 10].

    Raises:
        InputError: the numbers of captions and references differ, an image has no
            reference, or pycocoevalcap is not installed.

    Reference:
        Vedantam et al., "CIDEr", https://arxiv.org/abs/1411.5726
    """
    return float(np.mean(cider_d_of_images(captions, references, tokenizer)))


def cider_d_of_images(
    captions: Sequence[str],
    references: Sequence[Sequence[str]],
    tokenizer: CaptionSplitter | None = None,
) -> np.ndarray:
    """Return the CIDEr-D of each caption, float64 `(images,)`; see `cider_d`."""
    check_references(captions, references)
    module = import_package("pycocoevalcap.cider.cider")
    split = tokenizer or WordTokenizer()
    results = {i: [c] for i, c in enumerate(split(captions))}
    expected = {i: split(r) for i, r in enumerate(references)}
    _, scores = module.Cider().compute_score(expected, results)
    return np.asarray(scores)
