"""ROUGE-L, by pycocoevalcap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.captions.requirements import (
    check_references,
    import_package,
)
from keras_imgdesc.evaluation.captions.tokenizers import CaptionSplitter, WordTokenizer
from keras_imgdesc.evaluation.metric import Sampler, mean_sampler


class RougeL:
    """ROUGE-L: the longest common subsequence of a caption and its references.

    Precision and recall are each the best over the references, and their F-measure
    gives recall the weight 1.2, as in the COCO caption evaluation. The score of a
    corpus is the mean over its images.

    Args:
        tokenizer: splits captions and references into words.

    Reference:
        Lin, "ROUGE", https://aclanthology.org/W04-1013
    """

    name = "rouge_l"
    higher_is_better = True

    def __init__(self, tokenizer: CaptionSplitter | None = None) -> None:
        self.tokenizer = tokenizer or WordTokenizer()

    def check(self) -> None:
        """Check that pycocoevalcap is installed.

        Raises:
            InputError: it is not.
        """
        import_package("pycocoevalcap.rouge.rouge")

    def compute(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `rouge_l` in [0, 100].

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Raises:
            InputError: the numbers of captions and images differ, or pycocoevalcap is
                not installed.
        """
        return {"rouge_l": float(self._scores(captions, collection).mean())}

    def sampler(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> Sampler:
        """Return a sampler of the same number; see `ResampledMetric.sampler`.

        Args:
            captions, collection: see `compute`.

        Raises:
            InputError: see `compute`.
        """
        return mean_sampler({"rouge_l": self._scores(captions, collection)})

    def _scores(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> np.ndarray:
        references = [example.captions for example in collection]
        check_references(captions, references)
        rouge = import_package("pycocoevalcap.rouge.rouge").Rouge()
        split = self.tokenizer
        pairs = zip(split(captions), references, strict=True)
        # An empty text would share its one empty word with another empty text.
        return np.array(
            [100 * rouge.calc_score([c], split(r)) if c else 0.0 for c, r in pairs]
        )
