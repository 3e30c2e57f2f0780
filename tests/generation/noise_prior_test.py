import keras
import numpy as np
import pytest

from keras_imgdesc.generation import Generator, NoisePrior


@pytest.fixture
def prior() -> NoisePrior:
    """One that does something."""
    layer = NoisePrior(num_layers=3, width=8)
    layer.build((None, 5), (None, 4))
    chance = np.random.default_rng(0)
    layer.set_weights([chance.normal(0, 0.3, w.shape) for w in layer.weights])
    return layer


def values(count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(1)
    shapes = [(count, 5), (count, 4)]
    noise, condition = (chance.normal(size=s).astype("float32") for s in shapes)
    return noise, condition


def test_its_inverse_gives_the_noise_back(prior):
    noise, condition = values()
    found = prior(noise, condition)
    assert np.abs(np.asarray(found) - noise).min(axis=0).max() > 0.01
    again, _ = prior.inverse(found, condition)
    np.testing.assert_allclose(again, noise, atol=1e-5)


def test_the_logarithm_is_that_of_the_jacobian(prior):
    noise, condition = values(1)
    step = 1e-2
    columns = [
        (
            prior.inverse(noise + step * unit, condition)[0]
            - prior.inverse(noise - step * unit, condition)[0]
        )
        / (2 * step)
        for unit in np.eye(5, dtype="float32")[:, None]
    ]
    jacobian = np.concatenate([np.asarray(c) for c in columns])
    _, wanted = np.linalg.slogdet(jacobian)
    _, found = prior.inverse(noise, condition)
    assert float(found[0]) == pytest.approx(wanted, abs=5e-3)


def test_the_text_decides(prior):
    noise, condition = values()
    found = np.asarray(prior(noise, condition))
    other = np.asarray(prior(noise, condition[::-1].copy()))
    assert np.abs(found - other).max() > 0.01


def test_a_generator_begins_as_one_without_and_does_not_train_it():
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
