"""The symmetric softmax over a batch."""

from __future__ import annotations

from typing import Any

from keras import ops


def matching_loss(scores: Any, owner: Any, image_id: Any) -> tuple[Any, Any]:
    """-log P(I|D) and -log P(D|I) over a batch, for each text.

    For its own picture, a text competes with all other texts, other captions of the
    same picture left out; for a text, its picture competes with all others, other
    copies of it left out.

    Args:
        scores: f(I, D), float (images, texts).
        owner: int (texts,), the row of the picture that the text is of; -1 for a text
            that is of none and is there to be told apart.
        image_id: int (images,); rows of one picture have the same number.

    Returns:
        Two float32 (texts,): -log P(I|D) and -log P(D|I), 0 where a text has no
        picture.

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
    has_owner = ops.greater_equal(owner, 0)
    row = ops.maximum(owner, 0)
    # No picture's number is below 0, so a text of no picture is a negative of all.
    text_id = ops.where(has_owner, ops.take(image_id, row, axis=0), -1)
    is_same = ops.equal(image_id[:, None], text_id[None, :])
    is_own = ops.equal(ops.arange(images, dtype="int32")[:, None], owner[None, :])
    own = ops.sum(ops.where(is_own, scores, 0.0), axis=0)  # (texts,)

    negatives = ops.where(is_same, -1e9, scores)
    others = ops.logsumexp(negatives, axis=0)
    image_loss = ops.logaddexp(own, others) - own
    # Of each picture's negatives once, then for each of its captions.
    others = ops.take(ops.logsumexp(negatives, axis=1), row, axis=0)
    text_loss = ops.logaddexp(own, others) - own
    counted = ops.cast(has_owner, "float32")
    return image_loss * counted, text_loss * counted
