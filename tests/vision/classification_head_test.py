import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import ClassificationHead

CHANCE = np.random.default_rng(0)
KERNEL, BIAS = CHANCE.normal(size=(5, 3)), CHANCE.normal(size=3)
MAPS = CHANCE.normal(size=(2, 4, 6, 5))


def build(temperature: float) -> ClassificationHead:
    head = ClassificationHead.from_arrays(KERNEL, BIAS)
    head.temperature = temperature
    return head


def expected(temperature: float) -> np.ndarray:
    rows = []
    for feature_map in MAPS:
        mean = sum(feature_map[r, c] for r in range(4) for c in range(6)) / 24
        powers = np.exp((mean @ KERNEL + BIAS) / temperature)
        rows.append(powers / powers.sum())
    return np.array(rows)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_probabilities_are_the_softmax_of_the_mean(temperature, policy):
    with dtype_policy(policy):
        head = build(temperature)
    given = ops.convert_to_numpy(head.probabilities(MAPS))
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, expected(temperature), rtol=1e-5)


def test_locations_may_be_flattened():
    flat = ops.convert_to_numpy(build(1.0).probabilities(MAPS.reshape(2, 24, 5)))
    np.testing.assert_allclose(flat, expected(1.0), rtol=1e-5)


def test_the_temperature_is_not_trained():
    head = build(2.5)
    assert [v.path for v in head.trainable_variables] == [
        "head/dense/kernel",
        "head/dense/bias",
    ]
    assert head.temperature == pytest.approx(2.5)


def test_saving_keeps_weights_and_temperature(tmp_path):
    head = build(2.5)
    inputs = keras.Input((4, 6, 5))
    model = keras.Model(inputs, head(inputs))
    model.save(tmp_path / "head.keras")
    loaded = keras.models.load_model(tmp_path / "head.keras")
    logits = ops.convert_to_numpy(model(MAPS))
    np.testing.assert_array_equal(ops.convert_to_numpy(loaded(MAPS)), logits)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax, expected(2.5), rtol=1e-5)


@pytest.mark.parametrize("options", [{"num_classes": 0}, {"feature_dim": 0}])
def test_a_head_without_classes_or_channels_is_refused(options):
    with pytest.raises(InputError, match=f"{next(iter(options))}=0"):
        ClassificationHead(**{"num_classes": 3, "feature_dim": 5} | options)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_must_be_positive(value):
    with pytest.raises(InputError, match="temperature="):
        build(value)
