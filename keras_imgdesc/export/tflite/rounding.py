"""Rounding the weights of a layer so that what they give changes little."""

from __future__ import annotations

import numpy as np

LARGEST = 127

# Share of the mean variance that is added to each channel's, as in GPTQ.
DAMPING = 0.01


def row_scales(rows: np.ndarray) -> np.ndarray:
    """What int8 values of each row are multiplied with, float32 (rows,)."""
    largest = np.abs(rows).max(axis=1)
    scales: np.ndarray = np.where(largest > 0, largest / LARGEST, 1).astype(np.float32)
    return scales


def round_keeping_sums(rows: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Rounds each row so that its sum stays, to half a step.

    What a layer reads has a mean other than 0 (after a ReLU all of it is positive),
    and the mean is multiplied with the sum of a row: rounded each for itself, the
    weights' errors add up to a bias. Here those nearest to the middle between two
    steps are rounded the other way until they do not.

    Args:
        rows: float32 (outputs, inputs).
        scales: float32 (outputs,).

    Returns:
        int8 (outputs, inputs).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.export.tflite.rounding import round_keeping_sums
    >>> rows = np.array([[1.25, 2.375, 3.25, 4.4375]])  # its sum is 11.3
    >>> round_keeping_sums(rows, np.ones(1)).tolist()
    [[1, 2, 3, 5]]
    """
    exact = rows / scales[:, None]
    rounded = np.rint(exact)
    errors = rounded - exact
    surplus = np.rint(errors.sum(axis=1)).astype(int)
    for row, error, count in zip(rounded, errors, surplus, strict=True):
        sign = np.sign(count)
        farthest = np.argsort(-sign * error, kind="stable")[: abs(count)]
        row[farthest] -= sign
    return _int8(rounded)


def round_for_inputs(
    rows: np.ndarray, scales: np.ndarray, moments: np.ndarray
) -> np.ndarray:
    """Rounds weights so that the outputs for known inputs change least.

    GPTQ: input by input, what rounding did to the outputs is made up for by the
    weights of the inputs that are still to come and go along with this one.

    Args:
        rows: float32 (outputs, inputs).
        scales: float32 (outputs,).
        moments: float (inputs, inputs), the mean of x x^T over inputs x.

    Returns:
        int8 (outputs, inputs).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.export.tflite.rounding import round_for_inputs
    >>> rows, together = np.array([[1.4, 2.4]]), np.ones((2, 2))
    >>> round_for_inputs(rows, np.ones(1), together).tolist()  # both are always alike
    [[1, 3]]

    Reference:
        Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative
        Pre-trained Transformers", https://arxiv.org/abs/2210.17323
    """
    moments = np.asarray(moments, np.float64)
    variance = np.diag(moments)
    moments = moments + DAMPING * max(variance.mean(), 1e-9) * np.eye(len(moments))
    # The inputs that count most come first, while there are others to make up.
    order = np.argsort(-variance, kind="stable")
    inverse = np.linalg.inv(moments[np.ix_(order, order)])
    following = np.linalg.cholesky(inverse).T
    left = (rows / scales[:, None])[:, order].astype(np.float64)
    rounded = np.empty_like(left)
    for i in range(left.shape[1]):
        rounded[:, i] = np.clip(np.rint(left[:, i]), -LARGEST, LARGEST)
        error = (left[:, i] - rounded[:, i]) / following[i, i]
        left[:, i + 1 :] -= np.outer(error, following[i, i + 1 :])
    result = np.empty_like(rounded)
    result[:, order] = rounded
    return _int8(result)


def _int8(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -LARGEST, LARGEST).astype(np.int8)
