"""The symmetric softmax loss over a batch."""

from __future__ import annotations

from typing import Any

from keras import ops


def matching_loss(
    scores: Any,
    owner: Any,
    image_id: Any,
    negatives: Any = None,
    is_right: Any = None,
) -> tuple[Any, Any]:
    """Return -log P(I|D) and -log P(D|I) over a batch, per text.

    A text competes for its image with all texts of other images, but not with other
    captions of the same image, nor with a text of another image that equals one of
    them. An image competes for its text with all other images, but not with copies of
    itself, nor with images that have the same text.

    Args:
        scores: f(I, D), float (images, texts).
        owner: int (texts,), row of the image that the text belongs to.
        image_id: int (images,); rows of the same image have the same id.
        negatives: f(I, D) of each image with further wrong texts, float (images,
            texts); None for none.
        is_right: bool (images, texts), whether a text equals a caption of an image,
            whichever image it was drawn for; None if texts of different images differ.

    Returns:
        -log P(I|D) and -log P(D|I), both float32 (texts,).

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
    if is_right is not None:
        is_same = ops.logical_or(is_same, ops.cast(is_right, "bool"))
    is_own = ops.equal(ops.arange(images, dtype="int32")[:, None], owner[None, :])
    own = ops.sum(ops.where(is_own, scores, 0.0), axis=0)  # (texts,)

    wrong = ops.where(is_same, -1e9, scores)
    image_loss = ops.logaddexp(own, ops.logsumexp(wrong, axis=0)) - own
    if negatives is not None:
        wrong = ops.concatenate([wrong, ops.cast(negatives, "float32")], axis=1)
    # The sum over wrong texts is computed once per image, then taken per caption.
    others = ops.take(ops.logsumexp(wrong, axis=1), owner, axis=0)
    return image_loss, ops.logaddexp(own, others) - own
