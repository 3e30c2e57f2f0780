import keras
import numpy as np

from keras_imgdesc.training.optimizers.moving_average import MovingAverage


def line() -> tuple[keras.Model, np.ndarray, np.ndarray]:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.linspace(-1, 1, 32, dtype="float32")[:, None]
    return model, x, 3 * x + 1


def test_it_follows_the_weights_and_replaces_them_while_applied():
    model, x, y = line()
    average = MovingAverage(model, 0.99)
    expected = [weight.copy() for weight in model.get_weights()]
    for step in range(1, 6):
        model.fit(x, y, batch_size=32, epochs=1, verbose=0, callbacks=[average])
        decay = min(0.99, (1 + step) / (10 + step))
        for held, weight in zip(expected, model.get_weights(), strict=True):
            held += (1 - decay) * (weight - held)
    reached = model.get_weights()
    with average.applied():
        for held, weight in zip(expected, model.get_weights(), strict=True):
            np.testing.assert_allclose(weight, held, rtol=1e-5)
    for before, after in zip(reached, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_decay_of_zero_averages_nothing():
    model, x, y = line()
    average = MovingAverage(model, 0.0)
    model.fit(x, y, epochs=2, verbose=0, callbacks=[average])
    reached = model.get_weights()
    with average.applied():
        np.testing.assert_array_equal(model.get_weights()[0], reached[0])
    assert not average.variables
