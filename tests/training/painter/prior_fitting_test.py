from types import SimpleNamespace

import keras
import numpy as np
import pytest

from keras_imgdesc.painting import ConditionalVAE, Generator, VaeEncoder
from keras_imgdesc.training.painter import prior_fitting
from keras_imgdesc.training.painter.prior_fitting import fit_noise_prior

SHAPE = {"sentence_dim": 2, "resolution": 32, "width": 2, "noise_dim": 4}


class Encoder(VaeEncoder):
    """Finds what the test says."""

    def predict_on_batch(self, inputs):
        sentence = inputs["sentence"]
        mean = np.repeat(2 * np.sign(sentence[:, :1]), 4, axis=1)
        return {"mean": mean, "log_variance": np.full(mean.shape, -2.0, "float32")}


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    generators = (Generator(**SHAPE, prior_layers=2) for _ in range(2))
    model = ConditionalVAE(Encoder(**SHAPE), *generators)
    model.compile("adam")
    return model


def batches(sentences: np.ndarray) -> SimpleNamespace:
    count = len(sentences)
    return SimpleNamespace(
        images=np.zeros((count, 32, 32, 3), "uint8"),
        image_of=np.arange(count),
        texts=SimpleNamespace(sentences=sentences, of_caption=np.arange(count)),
        recipe=SimpleNamespace(seed=0),
    )


@pytest.mark.slow
def test_noise_is_drawn_as_the_text_requires(model):
    sentences = np.random.default_rng(0).choice([-3, 3], (800, 2)).astype("float32")
    gain = fit_noise_prior(
        model,
        batches(sentences),
        epochs=30,
        batch_size=64,
        learning_rate=3e-3,
        progress=False,
    )
    assert gain > 15  # Of 25, of which 21 can be predicted.
    noise = np.random.default_rng(1).standard_normal((400, 4), np.float32)
    for generator in (model.generator, model.average):
        for side in (-1.0, 1.0):
            drawn = generator.prior(noise, np.full((400, 2), 3 * side, "float32"))
            mean, deviation = np.mean(drawn, axis=0), np.std(drawn, axis=0)
            np.testing.assert_allclose(mean, 2 * side, atol=0.3)
            np.testing.assert_allclose(deviation, np.exp(-1), atol=0.15)
    assert not model.generator.prior.trainable_variables


def test_a_prior_that_predicts_nothing_is_not_kept(model, monkeypatch):
    monkeypatch.setattr(
        Encoder,
        "predict_on_batch",
        lambda self, x: {
            "mean": np.zeros((len(x["sentence"]), 4), "float32"),
            "log_variance": np.zeros((len(x["sentence"]), 4), "float32"),
        },
    )
    sentences = np.random.default_rng(0).normal(size=(60, 2)).astype("float32")
    before = model.average.prior.get_weights()
    gain = fit_noise_prior(
        model, batches(sentences), epochs=3, batch_size=8, progress=False
    )
    assert gain <= 0
    for old, new in zip(before, model.average.prior.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_each_image_has_at_most_two_captions():
    picture = np.repeat(np.arange(5), [1, 4, 2, 3, 5])
    chosen = prior_fitting._sample_captions(picture, 2, 0)
    assert len(set(chosen)) == len(chosen)
    assert np.bincount(picture[chosen]).tolist() == [1, 2, 2, 2, 2]
