"""ROUGE-L, by pycocoevalcap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.captions.mean_metric import MeanMetric
from keras_imgdesc.evaluation.captions.requirements import (
    checked_references,
    import_package,
)
from keras_imgdesc.evaluation.captions.word_metric import WordMetric


class RougeL(WordMetric, MeanMetric):
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
    PACKAGE = "pycocoevalcap.rouge.rouge"

    def score_images(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, np.ndarray]:
        """Return `rouge_l` of each image, in [0, 100].

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Raises:
            InputError: the numbers of captions and images differ, an image has no
                reference, or pycocoevalcap is not installed.
        """
        references = checked_references(captions, collection)
        rouge = import_package(self.PACKAGE).Rouge()
        split = self.tokenizer
        pairs = zip(split(captions), references, strict=True)
        # An empty text would share its one empty word with another empty text.
        scores = [100 * rouge.calc_score([c], split(r)) if c else 0.0 for c, r in pairs]
        return {"rouge_l": np.array(scores)}
