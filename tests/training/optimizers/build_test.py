import keras
import numpy as np
import pytest

from keras_imgdesc.training.optimizers.build import (
    build_adam,
    build_adamw,
    build_muon,
    build_schedule,
)


def variable(value: np.ndarray, name: str = "kernel") -> keras.Variable:
    return keras.Variable(value, dtype="float32", name=name)


def test_a_short_run_does_not_end_before_its_warm_up():
    schedule = build_schedule(1.0, steps=10, warm_up_steps=500)
    assert schedule.warm_up_steps == 2 and float(schedule(1)) == 1.0
    assert float(schedule(10)) == pytest.approx(0.01)
    assert build_schedule(1.0, 5000, 500, 0.1).warm_up_steps == 500


@pytest.mark.parametrize(
    "optimizer",
    [
        build_adamw(0.1, weight_decay=0.5),
        build_muon(0.1, weight_decay=0.5),
    ],
    ids=["adamw", "muon"],
)
def test_kernels_decay_and_biases_do_not(optimizer):
    kernel, bias = (variable(np.ones((4, 2)), name) for name in ("kernel", "bias"))
    zeros = keras.ops.zeros((4, 2))
    optimizer.apply([zeros, zeros], [kernel, bias])
    np.testing.assert_allclose(kernel, 0.95 * np.ones((4, 2)), rtol=1e-5)
    np.testing.assert_array_equal(bias, np.ones((4, 2)))


def test_slow_variables_take_smaller_steps():
    fast, slow = (variable(np.zeros(3)) for _ in range(2))
    optimizer = build_adamw(0.1, weight_decay=0.0, slow=[slow], factor=0.25)
    optimizer.apply([keras.ops.ones(3), keras.ops.ones(3)], [fast, slow])
    np.testing.assert_allclose(np.asarray(slow), 0.25 * np.asarray(fast), rtol=1e-5)
    # A checkpoint holds each weight once.
    assert not {id(fast), id(slow)} & {id(v) for v in optimizer.variables}


def test_adam_and_muon_without_decay_leave_weights_without_gradient():
    for optimizer in (build_adam(0.1, beta_1=0.5, beta_2=0.9), build_muon(0.1)):
        kernel = variable(np.ones((3, 3, 4, 2)))
        optimizer.apply([keras.ops.zeros((3, 3, 4, 2))], [kernel])
        np.testing.assert_array_equal(kernel, np.ones((3, 3, 4, 2)))
