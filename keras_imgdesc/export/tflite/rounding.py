"""Round the weights of a layer to int8 so that its outputs change little."""

from __future__ import annotations

import numpy as np

LARGEST = 127

# Share of the mean variance added to the variance of each channel, as in GPTQ.
DAMPING = 0.01


def row_scales(rows: np.ndarray) -> np.ndarray:
    """Return the scale of the int8 values of each row, float32 (rows,)."""
    largest = np.abs(rows).max(axis=1)
    scales: np.ndarray = np.where(largest > 0, largest / LARGEST, 1).astype(np.float32)
    return scales


def round_keeping_sums(rows: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Round each row so that its sum is kept, to half a step.

    The inputs of a layer have a mean other than 0 (after a ReLU all are positive), and
    the mean is multiplied by the sum of a row: if weights are rounded independently,
    their errors add up to a bias. Here the weights nearest to the middle between two
    steps are rounded the other way until the errors cancel.

    Args:
        rows: weights, float32 (outputs, inputs).
        scales: scales of the rows, float32 (outputs,).

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
    """Round weights so that the outputs for known inputs change least.

    This is GPTQ: input by input, the error of the outputs is compensated by the weights
    of correlated inputs that are not rounded yet.

    Args:
        rows: weights, float32 (outputs, inputs).
        scales: scales of the rows, float32 (outputs,).
        moments: mean of x x^T over inputs x, float (inputs, inputs).

    Returns:
        int8 (outputs, inputs).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.export.tflite.rounding import round_for_inputs
    >>> rows, together = np.array([[1.4, 2.4]]), np.ones((2, 2))
    >>> round_for_inputs(rows, np.ones(1), together).tolist()  # inputs are equal
    [[1, 3]]

    Reference:
        Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative
        Pre-trained Transformers", https://arxiv.org/abs/2210.17323
    """
    moments = np.asarray(moments, np.float64)
    variance = np.diag(moments)
    moments = moments + DAMPING * max(variance.mean(), 1e-9) * np.eye(len(moments))
    # The largest inputs come first, while others are left to compensate.
    order = np.argsort(-variance, kind="stable")
    inverse = np.linalg.inv(moments[np.ix_(order, order)])
    following = np.linalg.cholesky(inverse).T
    remaining = (rows / scales[:, None])[:, order].astype(np.float64)
    rounded = np.empty_like(remaining)
    for i in range(remaining.shape[1]):
        rounded[:, i] = np.clip(np.rint(remaining[:, i]), -LARGEST, LARGEST)
        error = (remaining[:, i] - rounded[:, i]) / following[i, i]
        remaining[:, i + 1 :] -= np.outer(error, following[i, i + 1 :])
    result = np.empty_like(rounded)
    result[:, order] = rounded
    return _int8(result)


def _int8(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -LARGEST, LARGEST).astype(np.int8)
