from pathlib import Path

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.model_file import ModelFile
from keras_imgdesc.lite.search_options import check_search

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
        ("temperature", 1.0),
        ("seed", 0),
    ],
)
def test_other_settings_are_refused(name, value):
    with pytest.raises(InputError, match=f"{name} of captioner.tflite is fixed"):
        check_search(FILE, {name: value})
