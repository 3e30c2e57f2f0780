"""Calibration by a temperature."""

from __future__ import annotations

import numpy as np

# Beyond these the data say no more than "certain" or "clueless".
SMALLEST, LARGEST = 0.05, 20.0
# Halvings of the interval: the temperature is exact to seven digits.
_STEPS = 30


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """Return the temperature that makes held-out answers most probable.

    It minimises the cross-entropy of softmax(logits / T), which is convex in 1 / T.

    Args:
        logits: float (images, classes), at temperature 1.
        targets: the right class of each image, int (images,); or its probabilities,
            float (images, classes).

    Returns:
        T, between 0.05 and 20. Above 1: the logits were too confident.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.classification.calibration import fit_temperature
    >>> logits = np.array([[4.0, 0.0]] * 4)  # certain, but right in 3 of 4 cases
    >>> round(fit_temperature(logits, np.array([0, 0, 0, 1])), 2)  # 4 / ln 3
    3.64

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks",
        https://arxiv.org/abs/1706.04599
    """
    logits = np.asarray(logits, np.float64)
    targets = np.asarray(targets)
    if targets.ndim == 1:
        expected = logits[np.arange(len(logits)), targets]
    else:
        expected = (logits * targets).sum(axis=1)

    def slope(inverse: float) -> float:
        """Return the derivative of the cross-entropy by 1 / T, which rises with it."""
        scaled = inverse * logits
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        return float(((probabilities * logits).sum(axis=1) - expected).mean())

    low, high = np.log(1 / LARGEST), np.log(1 / SMALLEST)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if slope(np.exp(middle)) < 0:
            low = middle
        else:
            high = middle
    return float(np.exp(-(low + high) / 2))
