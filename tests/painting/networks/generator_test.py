import keras
import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import Generator, Sharpening

SMALL = {"sentence_dim": 6, "resolution": 32, "width": 4, "noise_dim": 5}
READING = SMALL | {"word_dim": 7}


def inputs(generator: Generator, count: int = 3) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(0)
    given = {
        "sentence": chance.normal(size=(count, 6)).astype("float32"),
        "noise": chance.normal(size=(count, generator.latent_dim)).astype("float32"),
        "words": chance.normal(size=(count, 4, 7)).astype("float32"),
    }
    return generator.inputs_of(given)


@pytest.mark.parametrize("resolution", [32, 64, 128])
def test_it_paints_at_each_resolution(resolution):
    generator = Generator(6, resolution=resolution, width=2)
    painted = np.asarray(generator(inputs(generator))["image"])
    assert painted.shape == (3, resolution, resolution, 3)
    assert painted.dtype == np.float32 and np.abs(painted).max() <= 1


@pytest.mark.parametrize("options", [SMALL, READING])
def test_the_image_depends_on_text_and_noise(options):
    generator = Generator(**options)
    given = inputs(generator)
    first = np.asarray(generator(given)["image"])
    for name in given:
        changed = given | {name: given[name][::-1].copy()}
        other = np.asarray(generator(changed)["image"])
        assert np.abs(other[0] - first[0]).max() > 1e-4
        # The middle row stays where it is.
        np.testing.assert_allclose(other[1], first[1], atol=1e-6)


def test_padding_does_not_change_the_image(with_statistics):
    generator = with_statistics(Generator(**READING))
    given = inputs(generator)
    longer = np.pad(given["words"], ((0, 0), (0, 3), (0, 0)))
    expected = generator(given)["image"]
    padded = generator(given | {"words": longer})["image"]
    np.testing.assert_allclose(padded, expected, atol=1e-5)
    shown = generator(given | {"words": longer + 0.1})["image"]
    assert np.abs(np.asarray(shown) - expected).max() > 1e-3


def test_maps_are_as_narrow_as_asked_for():
    generator = Generator(6, resolution=64, width=6, most_channels=20)
    sides = {4: 20, 8: 20, 16: 12, 32: 6}
    for side, channels in sides.items():
        assert generator.get_layer(f"norm_{side}").output.shape[-1] == channels


def test_the_noise_of_the_condition_draws_around_its_mean():
    generator = Generator(**SMALL)
    given = inputs(generator)
    found = generator(given)
    other = {**given, "noise": given["noise"] * 0}
    np.testing.assert_array_equal(found["mean"], generator(other)["mean"])
    np.testing.assert_allclose(found["log_variance"], -3.0)


def test_it_is_rebuilt_from_its_configuration():
    generator = Generator(**READING, refined_size=8, most_channels=9, attended_size=8)
    again = Generator.from_config(generator.get_config())
    again.set_weights(generator.get_weights())
    given = inputs(generator)
    np.testing.assert_array_equal(generator(given)["image"], again(given)["image"])


def test_default_size_fits_the_limit_of_a_phone():
    # A byte a weight must stay below 6 MB.
    assert Generator(128).count_params() < 5_500_000


def test_bfloat16_paints_about_the_same_and_gives_float32():
    generator = Generator(**SMALL)
    policy = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        half = Generator(**SMALL)
    finally:
        keras.mixed_precision.set_global_policy(policy)
    half.set_weights(generator.get_weights())
    given = inputs(generator)
    painted = np.asarray(half(given)["image"])
    assert painted.dtype == np.float32
    np.testing.assert_allclose(painted, generator(given)["image"], atol=0.05)


def test_a_refined_one_paints_the_same_until_it_is_trained(with_statistics):
    generator = with_statistics(Generator(**READING, refined_size=4, prior_layers=1))
    given = inputs(generator)
    refined = generator.refined(16)
    assert refined.refined_size == 16
    assert refined.count_params() > generator.count_params()
    expected = np.asarray(generator(given)["image"])
    np.testing.assert_allclose(refined(given)["image"], expected, atol=1e-6)
    finest = refined.refined(32)
    np.testing.assert_allclose(finest(given)["image"], expected, atol=1e-6)
    assert finest.get_layer("norm_32").output.shape[1:] == (32, 32, 2)
    touch = finest.get_layer("refined_picture")
    touch.kernel.assign(np.ones_like(touch.kernel))
    assert np.abs(np.asarray(finest(given)["image"]) - expected).max() > 1e-3
    new = refined.get_layer("refined_norm_16").scale_and_shift
    new.bias.assign(np.ones_like(new.bias))
    assert np.abs(np.asarray(refined(given)["image"]) - expected).max() > 1e-3
    with pytest.raises(InputError, match="refined_size to 16 or more"):
        refined.refined(8)


def test_a_sharpened_one_paints_the_same_sharper(with_statistics):
    generator = with_statistics(Generator(**SMALL))
    given = inputs(generator)
    sharpened = generator.painting(sharpening_rounds=2)
    assert sharpened.sharpening_rounds == 2
    expected = Sharpening(2)(generator(given)["image"])
    np.testing.assert_allclose(sharpened(given)["image"], expected, atol=1e-6)
    again = Generator.from_config(sharpened.get_config()).painting(sharpening_rounds=0)
    again.set_weights(sharpened.get_weights())
    np.testing.assert_allclose(
        again(given)["image"], generator(given)["image"], atol=1e-6
    )


def test_a_temperature_multiplies_the_noise(with_statistics):
    generator = with_statistics(Generator(**SMALL))
    given = inputs(generator)
    cooler = generator.painting(temperature=0.5)
    assert Generator.from_config(cooler.get_config()).temperature == 0.5
    less = given | {"noise": given["noise"] * np.float32(0.5)}
    np.testing.assert_allclose(
        cooler(given)["image"], generator(less)["image"], atol=1e-6
    )
    again = cooler.painting(temperature=1.0, sharpening_rounds=0)
    np.testing.assert_array_equal(again(given)["image"], generator(given)["image"])


def test_refuses_what_it_cannot_paint():
    with pytest.raises(InputError, match="resolution"):
        Generator(6, resolution=96)
    with pytest.raises(InputError, match="width"):
        Generator(6, width=0)
    with pytest.raises(InputError, match="most_channels=0"):
        Generator(6, most_channels=0)
    with pytest.raises(InputError, match="no such option"):
        Generator(6, depth=3)
