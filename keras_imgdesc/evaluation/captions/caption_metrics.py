"""Scores of captions against references."""

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.text.standardization import standardize_list

# Printed beside every score: BLEU means little without it.
TOKENIZER = "lower-case words of letters and digits, no punctuation"


def bleu(
    captions: Sequence[str], references: Sequence[Sequence[str]]
) -> dict[str, float]:
    """BLEU-1 to BLEU-4 of a corpus, by sacrebleu, without smoothing.

    Captions and references are standardised as the tokenizer does: lower-case words
    without punctuation.

    Args:
        captions: one for each picture.
        references: one or more for each picture.

    Returns:
        `bleu_1` to `bleu_4` on a scale of 0 to 100, and `length_ratio`.

    Raises:
        InputError: another number of references than captions, a picture without
            references, or sacrebleu is missing.

    Example:
    >>> score = bleu(["a dog runs on grass"], [["A dog runs on the grass."]])
    >>> round(score["bleu_1"], 2)
    81.87

    Reference:
        Papineni et al., "BLEU", https://aclanthology.org/P02-1040
    """
    _check(captions, references)
    sacrebleu = _import("sacrebleu")
    most = max(len(r) for r in references)
    padded = [
        [*r, *[None] * (most - len(r))]
        for r in (standardize_list(list(r)) for r in references)
    ]
    score = sacrebleu.corpus_bleu(
        standardize_list(list(captions)),
        [list(stream) for stream in zip(*padded, strict=True)],
        tokenize="none",
        smooth_method="none",
        force=True,
    )
    precisions = np.array(score.precisions) / 100
    result = {}
    for order in range(1, 5):
        chosen = precisions[:order]
        mean = np.exp(np.mean(np.log(chosen))) if chosen.all() else 0.0
        result[f"bleu_{order}"] = float(100 * score.bp * mean)
    result["length_ratio"] = score.sys_len / max(1, score.ref_len)
    return result


def cider_d(captions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """CIDEr-D of a corpus, by pycocoevalcap, on its scale of 0 to 10.

    Document frequencies are those of the references given, so a score belongs to one
    set of pictures.

    Args:
        captions, references: as `bleu`.

    Raises:
        InputError: as `bleu`, or pycocoevalcap is missing.

    Reference:
        Vedantam et al., "CIDEr", https://arxiv.org/abs/1411.5726
    """
    _check(captions, references)
    module = _import("pycocoevalcap.cider.cider")
    given = {i: [c] for i, c in enumerate(standardize_list(list(captions)))}
    wanted = {i: standardize_list(list(r)) for i, r in enumerate(references)}
    score, _ = module.Cider().compute_score(wanted, given)
    return float(score)


def _check(captions, references) -> None:
    if len(captions) != len(references) or not captions:
        raise InputError(
            "There must be references for each caption, and a caption at least",
            "Give lists of the same length",
            captions=len(captions),
            references=len(references),
        )
    if not all(references):
        index = next(i for i, r in enumerate(references) if not r)
        raise InputError(
            "Every picture must have a reference",
            "Leave pictures without captions out",
            index=index,
        )


def _import(name: str):
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"This score needs {name.split('.')[0]}",
            "Run: pip install 'keras-imgdesc[eval]'",
            missing=name,
        ) from error
