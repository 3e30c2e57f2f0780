"""The symmetric softmax over a batch."""

from __future__ import annotations

from typing import Any

from keras import ops


def matching_loss(
    scores: Any, owner: Any, image_id: Any, negatives: Any = None
) -> tuple[Any, Any]:
    """-log P(I|D) and -log P(D|I) over a batch, for each text.

    For its own picture, a text competes with all other texts, other captions of the
    same picture left out; for a text, its picture competes with all others, other
    copies of it left out.

    Args:
        scores: f(I, D), float (images, texts).
        owner: int (texts,), the row of the picture that the text is of.
        image_id: int (images,); rows of one picture have the same number.
        negatives: f(I, D) of each picture with texts that are not of it, float
            (images, texts); None for none.

    Returns:
        Two float32 (texts,): -log P(I|D) and -log P(D|I).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.matching.matching_loss import matching_loss
    >>> scores = np.array([[9.0, 9.0, 0.0], [0.0, 0.0, 9.0]], "float32")
    >>> image_loss, text_loss = matching_loss(scores, [0, 0, 1], [0, 1])
    >>> bool(np.max(image_loss) < 0.01 and np.max(text_loss) < 0.01)
    True
    """
    scores = ops.cast(scores, "float32")
    owner = ops.convert_to_tensor(owner, dtype="int32")
    image_id = ops.convert_to_tensor(image_id, dtype="int32")
    images = ops.shape(scores)[0]
    text_id = ops.take(image_id, owner, axis=0)
    is_same = ops.equal(image_id[:, None], text_id[None, :])
    is_own = ops.equal(ops.arange(images, dtype="int32")[:, None], owner[None, :])
    own = ops.sum(ops.where(is_own, scores, 0.0), axis=0)  # (texts,)

    wrong = ops.where(is_same, -1e9, scores)
    image_loss = ops.logaddexp(own, ops.logsumexp(wrong, axis=0)) - own
    if negatives is not None:
        wrong = ops.concatenate([wrong, ops.cast(negatives, "float32")], axis=1)
    # Of each picture's wrong texts once, then for each of its captions.
    others = ops.take(ops.logsumexp(wrong, axis=1), owner, axis=0)
    return image_loss, ops.logaddexp(own, others) - own
