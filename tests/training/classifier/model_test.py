import numpy as np
import pytest
from keras import ops

from keras_imgdesc.training.classifier.model import teacher_loss

CHANCE = np.random.default_rng(0)
TEACHER = CHANCE.normal(0, 3, (4, 5))
STUDENT = CHANCE.normal(0, 3, (4, 5))


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_a_student_is_compared_with_a_softer_teacher(temperature):
    loss = ops.convert_to_numpy(teacher_loss(temperature)(TEACHER, STUDENT))
    expected = softmax(TEACHER / temperature)
    found = softmax(STUDENT / temperature)
    cross_entropy = -(expected * np.log(found)).sum(axis=1)
    np.testing.assert_allclose(loss, temperature**2 * cross_entropy, rtol=1e-5)


def test_a_high_temperature_compares_logits():
    loss = teacher_loss(100.0)
    excess = ops.convert_to_numpy(loss(TEACHER, STUDENT) - loss(TEACHER, TEACHER))
    difference = STUDENT - TEACHER
    centred = difference - difference.mean(axis=1, keepdims=True)
    # Hinton, Vinyals, Dean, section 2.1: half the mean of the squared differences.
    expected = np.square(centred).mean(axis=1) / 2
    np.testing.assert_allclose(excess, expected, rtol=0.1)
