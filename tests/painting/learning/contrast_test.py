import keras
import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import (
    ConditionalGAN,
    Contrast,
    Discriminator,
    GanObjective,
    Generator,
)
from keras_imgdesc.painting.learning.batches import draw_randomness

SHAPE = {"sentence_dim": 4, "resolution": 32, "width": 4}


def batch(step: int, rows: int = 16) -> dict[str, np.ndarray]:
    """Plain pictures of four tones, each with a sentence of its own."""
    chance = np.random.default_rng(step)
    tone = chance.integers(4, size=rows)
    sentence = np.eye(4, dtype="float32")[tone]
    return {
        "image": np.broadcast_to(
            (tone * 80).astype("uint8")[:, None, None, None], (rows, 32, 32, 3)
        ),
        "sentence": sentence,
        "mismatched": np.stack([sentence[::-1], np.roll(sentence, 1, axis=1)], axis=1),
        "text_id": tone.astype("int32"),
        **draw_randomness(rows, Generator(**SHAPE).latent_dim, chance),
    }


def adversaries(contrast_weight: float) -> ConditionalGAN:
    keras.utils.set_random_seed(0)
    discriminator = Discriminator(**SHAPE)
    gan = ConditionalGAN(
        Generator(**SHAPE),
        discriminator,
        Generator(**SHAPE),
        contrast=Contrast(discriminator),
    )
    adam = {"beta_1": 0.0, "beta_2": 0.99}
    gan.compile(
        keras.optimizers.Adam(1e-3, **adam),
        keras.optimizers.Adam(2e-3, **adam),
        GanObjective(augmentations=(), contrast_weight=contrast_weight),
    )
    return gan


def test_it_learns_which_sentence_a_picture_has():
    gan = adversaries(1.0)
    logs = [gan.train_on_batch(batch(step), return_dict=True) for step in range(80)]
    found = [float(log["real_contrast"]) for log in logs]
    assert np.mean(found[-10:]) < 0.5 * np.mean(found[:10]), found
    assert "painted_contrast" in logs[-1]


def test_it_is_trained_on_real_pictures_alone():
    gan = adversaries(1.0)
    gan.discriminator_optimizer.learning_rate = 0.0
    before = gan.contrast.get_weights()
    gan.train_on_batch(batch(0))
    for old, new in zip(before, gan.contrast.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_without_a_weight_it_is_left_alone():
    gan = adversaries(0.0)
    before = gan.contrast.get_weights()
    assert "real_contrast" not in gan.train_on_batch(batch(0), return_dict=True)
    for old, new in zip(before, gan.contrast.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_scores_are_cosines_over_the_temperature():
    discriminator = Discriminator(**SHAPE)
    contrast = Contrast(discriminator, temperature=0.25)
    chance = np.random.default_rng(0)
    scores = contrast(
        {
            "map": chance.normal(size=(3, *contrast.input["map"].shape[1:])),
            "sentence": chance.normal(size=(50, 4)),
        }
    )
    assert scores.shape == (3, 50)
    assert np.abs(scores).max() <= 4.0 + 1e-5


def test_a_temperature_that_is_none_is_refused():
    with pytest.raises(InputError, match="temperature"):
        Contrast(Discriminator(**SHAPE), temperature=0.0)


def test_a_weight_without_a_contrast_is_refused():
    gan = ConditionalGAN(Generator(**SHAPE), Discriminator(**SHAPE), Generator(**SHAPE))
    with pytest.raises(InputError, match="contrast_weight=1.0"):
        gan.compile(objective=GanObjective(contrast_weight=1.0))
    with pytest.raises(InputError, match="anchor_weight=2.0"):
        gan.compile(objective=GanObjective(anchor_weight=2.0))
