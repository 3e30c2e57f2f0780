from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.model_file import ModelFile
from keras_imgdesc.lite.search_options import SETTINGS, check_search

SEARCH = {"num_beams": 3, "max_length": 22, "prefix": "a", "require": ["dog", "red"]}
FILE = ModelFile(Path("captioner.tflite"), {"search": SEARCH}, [])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        SEARCH,
        {"num_beams": None, "avoid": None},
        {"require": ("red", "dog"), "avoid": ()},
        {"use_concepts": True},
        {"prefix": tf.constant("a"), "require": tf.constant(["red", "dog"])},
    ],
)
def test_settings_of_the_file_are_accepted(settings):
    check_search(FILE, settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_beams", 2),
        ("max_length", 21),
        ("prefix", ""),
        ("require", "dog"),
        ("require", ()),
        ("avoid", ["cat"]),
        ("use_concepts", False),
        ("require", tf.constant("dog")),
        ("require", [1, "dog"]),
        ("num_beams", np.array([3, 4])),
        ("temperature", 1.0),
        ("seed", 0),
    ],
)
def test_other_settings_are_refused(name, value):
    with pytest.raises(InputError, match=f"{name} of captioner.tflite is fixed"):
        check_search(FILE, {name: value})


def test_a_misspelt_setting_is_refused_by_its_name():
    with pytest.raises(InputError, match=r"no such setting.*\['prefixx'\]"):
        check_search(FILE, {"prefixx": "a", "num_beams": None})


def test_the_settings_are_those_of_the_task():
    from keras_imgdesc.captioning import GenerationSettings

    assert {each.name for each in fields(GenerationSettings)} == SETTINGS
