import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import (
    ConditionalGAN,
    Contrast,
    Discriminator,
    GanObjective,
    Generator,
)
from keras_imgdesc.painting.learning.backend_gradients import loss_gradients
from keras_imgdesc.painting.learning.batches import draw_randomness
from keras_imgdesc.painting.learning.losses import matching_cross_entropy

SHAPE = {"sentence_dim": 4, "resolution": 32, "width": 4}


def batch(step: int, rows: int = 16) -> dict[str, np.ndarray]:
    """Plain images of four tones, each with a sentence of its own."""
    generator = np.random.default_rng(step)
    tone = generator.integers(4, size=rows)
    sentence = np.eye(4, dtype="float32")[tone]
    return {
        "image": np.broadcast_to(
            (tone * 80).astype("uint8")[:, None, None, None], (rows, 32, 32, 3)
        ),
        "sentence": sentence,
        "mismatched": np.stack([sentence[::-1], np.roll(sentence, 1, axis=1)], axis=1),
        "text_id": tone.astype("int32"),
        **draw_randomness(rows, Generator(**SHAPE).latent_dim, generator),
    }


def new_gan(contrast_weight: float, **options) -> ConditionalGAN:
    keras.utils.set_random_seed(0)
    discriminator = Discriminator(**SHAPE)
    gan = ConditionalGAN(
        Generator(**SHAPE),
        discriminator,
        Generator(**SHAPE),
        contrast=Contrast(discriminator),
    )
    gan.compile(
        keras.optimizers.SGD(1e-3),
        keras.optimizers.SGD(1e-3),
        GanObjective(augmentations=(), contrast_weight=contrast_weight),
        run_eagerly=True,
        **options,
    )
    return gan


def tensors(step: int) -> dict:
    return {name: ops.convert_to_tensor(value) for name, value in batch(step).items()}


def test_it_learns_from_a_fixed_map_which_sentence_an_image_has():
    """On maps that tell the four tones apart: no adversary, no noise."""
    keras.utils.set_random_seed(0)
    contrast = Contrast(Discriminator(**SHAPE))
    sentence = np.eye(4, dtype="float32")
    generator = np.random.default_rng(0)
    maps = generator.normal(size=(4, *contrast.input["map"].shape[1:]))
    given = {
        "map": ops.cast(maps, "float32"),
        "sentence": ops.cast(sentence, "float32"),
    }
    trained = contrast.trainable_variables
    optimizer = keras.optimizers.Adam(3e-3)
    optimizer.build(trained)
    losses = []
    for _ in range(40):
        (loss, _), gradients = loss_gradients(
            lambda _: (matching_cross_entropy(contrast(given)), None),
            trained,
            contrast.weights,
        )
        optimizer.apply(gradients, trained)
        losses.append(float(loss))
    assert losses[-1] < 0.05 * losses[0], losses
    scores = np.asarray(contrast(given))
    assert (scores.argmax(axis=1) == np.arange(4)).all()
    assert (scores.argmax(axis=0) == np.arange(4)).all()


def test_its_gradient_is_that_of_the_cross_entropy():
    """The contrast adds its weighted loss and gradient to the discriminator's step."""
    given = tensors(0)
    fake = ops.zeros((16, 32, 32, 3))
    with_contrast, without = new_gan(2.0), new_gan(0.0)

    def gradients(gan):
        trained = gan.discriminator.trainable_variables
        (loss, logs), found = loss_gradients(
            lambda _: gan._discriminator_loss(given, fake), trained, gan.state
        )
        return loss, logs, [np.asarray(ops.convert_to_tensor(g)) for g in found]

    first, logs, found = gradients(with_contrast)
    second, _, plain = gradients(without)
    np.testing.assert_allclose(first - second, 2 * logs["real_contrast"], rtol=1e-4)

    # The same cross-entropy by itself, on the maps of the real images.
    gan = new_gan(0.0)
    real = ops.cast(given["image"], "float32") / 127.5 - 1.0
    same = ops.equal(given["text_id"][:, None], given["text_id"][None])
    texts = ops.concatenate([given["sentence"], given["mismatched"][:, 1]])

    def cross_entropy(_):
        images = ops.concatenate([real, fake])
        maps = gan.discriminator.read(images, training=True)[:16]
        scores = gan.contrast({"map": maps, "sentence": texts})
        return matching_cross_entropy(scores, same), None

    trained = gan.discriminator.read.trainable_variables
    (loss, _), expected = loss_gradients(cross_entropy, trained, gan.state)
    np.testing.assert_allclose(logs["real_contrast"], loss, rtol=1e-4)
    names = [v.path for v in with_contrast.discriminator.trainable_variables]
    own = [v.path for v in trained]
    assert own
    for path, gradient in zip(own, expected, strict=True):
        index = names.index(path)
        np.testing.assert_allclose(
            found[index] - plain[index],
            2 * np.asarray(gradient),
            rtol=1e-2,
            atol=1e-4 * float(np.abs(gradient).max()) + 1e-6,
        )


def test_the_generator_gets_its_contrast_too():
    gan = new_gan(1.0)
    logs = gan.train_on_batch(tensors(0), return_dict=True)
    assert np.isfinite(logs["painted_contrast"]) and logs["painted_contrast"] > 0


def test_it_is_trained_on_real_images_only():
    gan = new_gan(1.0)
    gan.discriminator_optimizer.learning_rate = 0.0
    before = gan.contrast.get_weights()
    gan.train_on_batch(tensors(0))
    for old, new in zip(before, gan.contrast.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_without_a_weight_it_is_not_trained():
    gan = new_gan(0.0)
    before = gan.contrast.get_weights()
    assert "real_contrast" not in gan.train_on_batch(tensors(0), return_dict=True)
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


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(InputError, match="temperature"):
        Contrast(Discriminator(**SHAPE), temperature=0.0)


def test_a_weight_without_a_contrast_is_refused():
    gan = ConditionalGAN(Generator(**SHAPE), Discriminator(**SHAPE), Generator(**SHAPE))
    with pytest.raises(InputError, match="contrast_weight=1.0"):
        gan.compile(objective=GanObjective(contrast_weight=1.0))
    with pytest.raises(InputError, match="anchor_weight=2.0"):
        gan.compile(objective=GanObjective(anchor_weight=2.0))
