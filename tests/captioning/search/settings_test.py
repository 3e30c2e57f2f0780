import json

import numpy as np
import pytest

from keras_imgdesc.captioning import GenerationSettings
from keras_imgdesc.errors import InputError


def test_none_keeps_the_default():
    settings = GenerationSettings(num_beams=5, max_length=9)
    changed = settings.changed(num_beams=None, length_penalty=0.0)
    assert changed == GenerationSettings(5, 0.0, 9)
    assert not changed.is_sampling
    assert changed.with_seed() == changed


def test_any_of_four_settings_means_sampling():
    for setting in ({"temperature": 1}, {"top_k": 0}, {"top_p": 1}, {"seed": 0}):
        settings = GenerationSettings().changed(**setting)
        assert settings.is_sampling
        assert settings.with_seed().seed is not None
    assert GenerationSettings(seed=4).with_seed().seed == 4
    assert GenerationSettings(seed=4).sampling_values == (1.0, 0, 1.0)


def test_beams_and_sampling_exclude_each_other():
    with pytest.raises(InputError, match="either searched"):
        GenerationSettings().changed(num_beams=2, top_p=0.9)
    # A default number of beams does not conflict.
    assert GenerationSettings(num_beams=2).changed(top_p=0.9).is_sampling


def test_the_configuration_omits_none():
    settings = GenerationSettings(2, 0.5, 7)
    config = {"num_beams": 2, "length_penalty": 0.5, "max_length": 7}
    assert settings.get_config() == config
    assert GenerationSettings(**config) == settings


@pytest.mark.parametrize(
    "setting",
    [{"num_beams": 0}, {"max_length": 0}, {"length_penalty": -1}, {"top_p": 0}],
    ids=str,
)
def test_settings_out_of_range_are_refused(setting):
    (name,) = setting
    with pytest.raises(InputError, match=name):
        GenerationSettings(**setting)


@pytest.mark.parametrize(
    "setting",
    [{"num_beams": "3"}, {"max_length": 7.5}, {"length_penalty": None}, {"seed": True}],
    ids=str,
)
def test_settings_of_a_wrong_type_are_refused(setting):
    (name,) = setting
    with pytest.raises(InputError, match=f"{name} must be a (whole )?number"):
        GenerationSettings(**setting)


def test_numbers_of_numpy_are_those_of_python():
    settings = GenerationSettings(num_beams=np.int64(5), temperature=np.float32(0.5))
    assert settings == GenerationSettings(num_beams=5, temperature=0.5)
    assert json.loads(json.dumps(settings.get_config())) == settings.get_config()
    for setting in ({"num_beams": np.int64(0)}, {"top_p": np.float32(2)}):
        with pytest.raises(InputError, match=next(iter(setting))):
            GenerationSettings(**setting)


def test_words_are_tuples_or_none():
    settings = GenerationSettings(prefix="a photo", require=["dog"], avoid="cat")
    assert settings.require == ("dog",) and settings.avoid == ("cat",)
    assert GenerationSettings(**settings.get_config()) == settings
    assert not settings.is_sampling
    cleared = settings.changed(prefix="", require=[], avoid=iter([]))
    assert cleared == GenerationSettings()
    assert set(cleared.get_config()) == {"num_beams", "length_penalty", "max_length"}


@pytest.mark.parametrize(
    "setting", [{"prefix": ["a"]}, {"require": [3]}, {"avoid": 5}], ids=str
)
def test_words_of_another_type_are_refused(setting):
    (name,) = setting
    with pytest.raises(InputError, match=name):
        GenerationSettings(**setting)


def test_required_words_are_not_sampled():
    settings = GenerationSettings(require=["dog"])
    with pytest.raises(InputError, match="searched, not sampled"):
        settings.changed(seed=1)
    assert settings.changed(seed=1, require=[]).is_sampling
    assert GenerationSettings(seed=1, prefix="a", avoid=["b"]).is_sampling
