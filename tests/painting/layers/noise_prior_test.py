import keras
import numpy as np
import pytest

from keras_imgdesc.painting import Generator, NoisePrior


@pytest.fixture
def prior() -> NoisePrior:
    """One that does something."""
    layer = NoisePrior(num_layers=3, width=8, num_steps=16)
    layer.build((None, 5), (None, 4))
    chance = np.random.default_rng(0)
    layer.set_weights([chance.normal(0, 0.3, w.shape) for w in layer.weights])
    # A velocity that changes fast needs more steps.
    clock = layer.time_projection
    clock.set_weights([w / 30 for w in clock.get_weights()])
    return layer


def values(count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(1)
    shapes = [(count, 5), (count, 4)]
    noise, condition = (chance.normal(size=s).astype("float32") for s in shapes)
    return noise, condition


def test_steps_follow_the_velocity(prior):
    noise, condition = values()
    time, step = np.zeros(4, "float32"), 1 / 64
    x = noise
    for _ in range(64):
        middle = x + step / 2 * np.asarray(prior.velocity(x, time, condition))
        going = np.asarray(prior.velocity(middle, time + step / 2, condition))
        x, time = x + step * going, time + step
    found = np.asarray(prior(noise, condition))
    assert np.abs(found - noise).max() > 0.1
    np.testing.assert_allclose(found, x, atol=0.01)


def test_time_decides(prior):
    noise, condition = values()
    early, late = (
        np.asarray(prior.velocity(noise, np.full(4, t, "float32"), condition))
        for t in (0.1, 0.9)
    )
    assert np.abs(early - late).max() > 1e-3


def test_the_text_decides(prior):
    noise, condition = values()
    found = np.asarray(prior(noise, condition))
    other = np.asarray(prior(noise, condition[::-1].copy()))
    assert np.abs(found - other).max() > 0.01


def test_a_new_prior_changes_nothing_and_is_not_trained():
    options = {"sentence_dim": 6, "resolution": 32, "width": 4, "noise_dim": 5}
    keras.utils.set_random_seed(0)
    plain = Generator(**options)
    generator = Generator(**options, prior_layers=2)
    for layer in generator.layers:
        if layer.weights and layer is not generator.prior:
            layer.set_weights(plain.get_layer(layer.name).get_weights())
    chance = np.random.default_rng(0)
    given = {
        "sentence": chance.normal(size=(3, 6)).astype("float32"),
        "noise": chance.normal(size=(3, plain.latent_dim)).astype("float32"),
    }
    np.testing.assert_allclose(
        generator(given)["image"], plain(given)["image"], atol=1e-5
    )
    assert len(generator.trainable_variables) == len(plain.trainable_variables)
    again = Generator.from_config(generator.get_config())
    assert again.prior.num_layers == 2
