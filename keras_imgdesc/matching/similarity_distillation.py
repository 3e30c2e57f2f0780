"""Distillation of the similarities between texts."""

from __future__ import annotations

from typing import Any

from keras import ops

# Of the softmax over cosines; a lower one concentrates on the nearest texts.
TEMPERATURE = 0.1


def similarity_distillation(student: Any, teacher: Any, text_id: Any = None) -> Any:
    """Return how much the similarities of texts differ from those of a teacher.

    Args:
        student: float (texts, width), of unit length.
        teacher: float (texts, teacher_width), of unit length.
        text_id: int (texts,), equal for equal texts; None if all differ.

    Returns:
        A float32 scalar: the Kullback-Leibler divergence of the student's softmax over
        the other, different texts from the teacher's, averaged over the texts.

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
    # The similarity of a text to itself or to an equal one carries no information.
    if text_id is None:
        is_equal = ops.eye(ops.shape(student)[0], dtype="float32")
    else:
        text_id = ops.convert_to_tensor(text_id)
        is_equal = ops.cast(ops.equal(text_id[:, None], text_id[None]), "float32")
    logs = []
    for vectors in (student, teacher):
        vectors = ops.cast(vectors, "float32")
        cosines = ops.matmul(vectors, ops.transpose(vectors)) / TEMPERATURE
        logs.append(ops.log_softmax(cosines - 1e4 * is_equal))
    student_log, teacher_log = logs
    difference = teacher_log - student_log
    return ops.mean(ops.sum(ops.exp(teacher_log) * difference, axis=-1))
