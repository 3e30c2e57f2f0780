"""Named things: whether a caption names something that people name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.mean_metric import MeanMetric
from keras_imgdesc.evaluation.captions.requirements import checked_references

# People who have to use a word.
AGREEING = 3
# Words that name no thing, and words for people, whom most captions mention: articles,
# prepositions, pronouns, numbers, sizes, colours and postures. They are compared when
# the final "s" is gone: "across" has become "acros", and is not among them.
_OTHER_WORDS = """
    a an the of on in at with and is are to for by from his her their its it this that
    as near next while up down out over under into off two three one some several other
    another there s very small large big little white black red blue green yellow brown
    standing sitting looking holding wearing walking riding playing laying lying being
    having who has have each front top side back behind around through across against
    along between young old man woman people person men women boy girl child group
"""
OTHER_WORDS = frozenset(_OTHER_WORDS.split())


class NamedThings(MeanMetric):
    """Share of captions that name a thing which several references name.

    A thing is a word that at least `agreeing` references of the image use, singular or
    plural, other than words for people and words that name nothing. A caption with
    right things and a wrong relation counts: this measures what is seen, not whether
    the sentence is true. Words are the runs of the letters a to z, with every
    tokenizer.

    Args:
        agreeing: number of references that have to use a word.

    Raises:
        InputError: `agreeing` is less than 1.

    Example:

    >>> from keras_imgdesc.evaluation.captions.named_things import named_things
    >>> references = [("a cat on a sofa", "two cats", "A cat sleeps on a couch.")]
    >>> named_things(["the cats"], references).tolist()
    [True]
    >>> named_things(["a dog on a sofa"], references).tolist()
    [False]
    """

    name = "named_things"
    higher_is_better = True

    def __init__(self, agreeing: int = AGREEING) -> None:
        if agreeing < 1:
            raise InputError(
                "At least one reference has to use a word", "Use 3", agreeing=agreeing
            )
        self.agreeing = agreeing
        self.settings = {"named_by": agreeing}

    def score_images(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, np.ndarray]:
        """Return `named_things` and `nameable` of each image, 0 or 100.

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Returns:
            `named_things`: whether the caption names a thing.
            `nameable`: whether enough references name the same thing. Its mean is the
            highest possible value of `named_things`.

        Raises:
            InputError: the numbers of captions and images differ, an image has no
                reference, or none has enough.
        """
        references = checked_references(captions, collection)
        if not any(len(texts) >= self.agreeing for texts in references):
            raise InputError(
                f"Named things are words that {self.agreeing} references of an image "
                "use",
                "Use images with more captions, or another metric",
                references=max(len(texts) for texts in references),
            )
        nameable = [bool(main_things(texts, self.agreeing)) for texts in references]
        return {
            "named_things": 100.0 * named_things(captions, references, self.agreeing),
            "nameable": 100.0 * np.array(nameable),
        }


def named_things(
    captions: Sequence[str],
    references: Sequence[Sequence[str]],
    agreeing: int = AGREEING,
) -> np.ndarray:
    """Return whether each caption names a thing, bool `(images,)`.

    Args:
        captions: generated captions, one per image.
        references: reference captions of each image.
        agreeing: number of references that have to use a word.
    """
    pairs = zip(captions, references, strict=True)
    return np.array(
        [not main_things(texts, agreeing).isdisjoint(_words(c)) for c, texts in pairs]
    )


def main_things(references: Sequence[str], agreeing: int = AGREEING) -> set[str]:
    """Return the things that several references of an image name.

    Args:
        references: reference captions of one image.
        agreeing: number of references that have to use a word.

    Returns:
        Words without their final "s".
    """
    counts = Counter(
        word for text in references for word in set(_words(text)) - OTHER_WORDS
    )
    return {word for word, count in counts.items() if count >= agreeing}


def _words(text: str) -> list[str]:
    """Return the words of a text without the "s" at the end of long ones."""
    words = re.sub(r"[^a-z ]", " ", text.lower()).split()
    return [w[:-1] if w.endswith("s") and len(w) > 3 else w for w in words]
