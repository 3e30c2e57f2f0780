"""BLEU of a corpus, counted by sacrebleu."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.captions.requirements import (
    check_references,
    checked_references,
    import_package,
)
from keras_imgdesc.evaluation.captions.tokenizers import CaptionSplitter, WordTokenizer
from keras_imgdesc.evaluation.captions.word_metric import WordMetric
from keras_imgdesc.evaluation.metric import Sampler

ORDERS = 4


class Bleu(WordMetric):
    """BLEU-1 to BLEU-4 of a corpus; see `bleu`.

    Args:
        tokenizer: splits captions and references into words.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.captions.bleu import Bleu
    >>> scenes = draw_scenes("test", 3)
    >>> Bleu().compute([scene.captions[1] for scene in scenes], scenes)["bleu_4"]
    100.0
    """

    name = "bleu_4"
    higher_is_better = True
    PACKAGE = "sacrebleu"

    def compute(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `bleu_1` to `bleu_4` in [0, 100], and `length_ratio`.

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Raises:
            InputError: see `bleu`.
        """
        return bleu(captions, [e.captions for e in collection], self.tokenizer)

    def sampler(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> Sampler:
        """Return a sampler of the same numbers; see `ResampledMetric.sampler`.

        Args:
            captions, collection: see `compute`.

        Raises:
            InputError: see `bleu`.
        """
        references = checked_references(captions, collection)
        counter = import_package("sacrebleu").BLEU(
            tokenize="none", force=True, effective_order=True
        )
        split = self.tokenizer
        counts = np.array(
            [
                _counts(counter.sentence_score(caption, split(texts)))
                for caption, texts in zip(split(captions), references, strict=True)
            ]
        )
        return lambda drawn: _scores(drawn @ counts)


def bleu(
    captions: Sequence[str],
    references: Sequence[Sequence[str]],
    tokenizer: CaptionSplitter | None = None,
) -> dict[str, float]:
    """Compute BLEU-1 to BLEU-4 of a corpus with sacrebleu, without smoothing.

    Args:
        captions: generated captions, one per image.
        references: reference captions, one or more per image.
        tokenizer: splits captions and references into words; None takes lower-case
            words without punctuation.

    Returns:
        `bleu_1` to `bleu_4` in [0, 100], and `length_ratio`: words in the captions per
        word in the references closest in length.

    Raises:
        InputError: the numbers of captions and references differ, an image has no
            reference, or sacrebleu is not installed.

    Example:
    >>> score = bleu(["a dog runs on grass"], [["A dog runs on the grass."]])
    >>> round(score["bleu_1"], 2)
    81.87

    Reference:
        Papineni et al., "BLEU", https://aclanthology.org/P02-1040
    """
    check_references(captions, references)
    sacrebleu = import_package("sacrebleu")
    split = tokenizer or WordTokenizer()
    most = max(len(r) for r in references)
    padded = [[*split(r), *[None] * (most - len(r))] for r in references]
    score = sacrebleu.corpus_bleu(
        split(captions),
        [list(stream) for stream in zip(*padded, strict=True)],
        tokenize="none",
        smooth_method="none",
        force=True,
    )
    found = _scores(np.array([_counts(score)]))
    return {name: float(values[0]) for name, values in found.items()}


def _counts(score) -> list[float]:
    """Return the lengths, the correct n-grams and all n-grams of a score."""
    return [score.sys_len, score.ref_len, *score.counts, *score.totals]


def _scores(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return the numbers of corpora, `(corpora,)`, from `(corpora, 2 + 2 * ORDERS)`."""
    counts = counts.astype(float)
    length, expected = counts[:, 0], counts[:, 1]
    correct, total = counts[:, 2 : 2 + ORDERS], counts[:, 2 + ORDERS :]
    penalty = np.exp(np.minimum(0, 1 - expected / np.maximum(length, 1)))
    precision = correct / np.maximum(total, 1)
    with np.errstate(divide="ignore"):  # a precision of 0 makes a score of 0
        logs = np.log(precision)
    found = {
        f"bleu_{order}": 100 * penalty * np.exp(logs[:, :order].mean(axis=1))
        for order in range(1, ORDERS + 1)
    }
    return found | {"length_ratio": length / np.maximum(expected, 1)}
