"""Text vectors learn from the similarities of another text encoder."""

from __future__ import annotations

from typing import Any

from keras import ops

# How sharply a text picks its neighbours, by cosines.
TEMPERATURE = 0.1


def similarity_distillation(student: Any, teacher: Any) -> Any:
    """Relational distillation: which texts of a batch are alike, as a teacher has it.

    Args:
        student: float (texts, width), of unit length.
        teacher: float (texts, its width), of unit length.

    Returns:
        Mean Kullback-Leibler divergence of the student's softmax over the other texts
        from the teacher's, a scalar.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.matching.similarity_distillation import (
    ...     similarity_distillation)
    >>> same = similarity_distillation(np.eye(4), np.eye(4))
    >>> bool(abs(same) < 1e-6)
    True

    Reference:
        Park et al., "Relational Knowledge Distillation",
        https://arxiv.org/abs/1904.05068
    """
    logs = []
    for vectors in (student, teacher):
        vectors = ops.cast(vectors, "float32")
        cosines = ops.matmul(vectors, ops.transpose(vectors)) / TEMPERATURE
        # A text is like itself, which teaches nothing.
        logs.append(ops.log_softmax(cosines - 1e4 * ops.eye(ops.shape(vectors)[0])))
    ours, theirs = logs
    weights = ops.exp(theirs)
    return ops.mean(ops.sum(weights * (theirs - ours), axis=-1))
