import numpy as np
import pytest

from keras_imgdesc.classification.calibration import fit_temperature

CHANCE = np.random.default_rng(0)


def cross_entropy(logits: np.ndarray, targets: np.ndarray, temperature: float) -> float:
    scaled = logits / temperature
    log_sum = np.log(np.exp(scaled).sum(axis=1))
    return float((log_sum - (scaled * targets).sum(axis=1)).mean())


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_of_the_truth_is_found(temperature):
    logits = CHANCE.normal(0, 2, (20_000, 4))
    truth = np.exp(logits / temperature)
    truth /= truth.sum(axis=1, keepdims=True)
    drawn = (truth.cumsum(axis=1) < CHANCE.random((20_000, 1))).sum(axis=1)
    assert fit_temperature(logits, drawn) == pytest.approx(temperature, rel=0.05)
    # Without the noise of drawing.
    assert fit_temperature(logits, truth) == pytest.approx(temperature, rel=1e-5)


def test_no_other_temperature_is_better():
    logits = CHANCE.normal(0, 3, (50, 5))
    targets = np.eye(5)[CHANCE.integers(5, size=50)]
    best = fit_temperature(logits, targets.argmax(axis=1))
    grid = np.geomspace(0.05, 20, 2000)
    losses = [cross_entropy(logits, targets, t) for t in grid]
    assert cross_entropy(logits, targets, best) <= min(losses) + 1e-9


def test_certain_answers_stop_at_the_bounds():
    logits = np.array([[9.0, 0.0], [0.0, 9.0]])
    sharp = fit_temperature(logits, np.array([0, 1]))
    assert 0.05 <= sharp < 0.5
    assert cross_entropy(logits, np.eye(2), sharp) == pytest.approx(0, abs=1e-12)
    assert fit_temperature(logits, np.array([1, 0])) == pytest.approx(20)
