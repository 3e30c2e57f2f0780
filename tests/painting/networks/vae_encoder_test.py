import json
import zipfile

import keras
import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import VaeEncoder

SHAPE = {"sentence_dim": 6, "resolution": 32, "width": 4, "noise_dim": 5}


@pytest.fixture(scope="module")
def encoder() -> VaeEncoder:
    encoder = VaeEncoder(**SHAPE)
    # New ones return one variance for every image.
    layer = encoder.get_layer("log_variance")
    chance = np.random.default_rng(1)
    layer.set_weights([chance.normal(size=w.shape) for w in layer.get_weights()])
    return encoder


def inputs(count: int = 3) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(0)
    return {
        "image": chance.uniform(-1, 1, (count, 32, 32, 3)).astype("float32"),
        "sentence": chance.normal(size=(count, 6)).astype("float32"),
    }


def test_the_noise_depends_on_image_and_sentence(encoder):
    given = inputs()
    first = encoder(given)
    assert first["mean"].shape == first["log_variance"].shape == (3, 5)
    for name, values in given.items():
        other = encoder(given | {name: values[::-1].copy()})
        for output in ("mean", "log_variance"):
            difference = np.abs(np.asarray(other[output]) - first[output]).max(axis=1)
            assert difference[0] > 1e-4 and difference[1] < 1e-5


@pytest.mark.parametrize("name", ["VaeEncoder", "PictureEncoder"])
def test_files_of_this_and_of_earlier_versions_are_read(encoder, name, tmp_path):
    encoder.save(tmp_path / "encoder.keras")
    with zipfile.ZipFile(tmp_path / "encoder.keras") as file:
        contents = {each: file.read(each) for each in file.namelist()}
    config = json.loads(contents["config.json"])
    assert config["registered_name"] == "keras_imgdesc>VaeEncoder"
    config |= {
        "module": "keras_imgdesc.generation.picture_encoder",
        "class_name": name,
        "registered_name": f"keras_imgdesc>{name}",
    }
    contents["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "old.keras", "w") as file:
        for each, content in contents.items():
            file.writestr(each, content)
    again = keras.models.load_model(tmp_path / "old.keras")
    assert type(again) is VaeEncoder
    given = inputs()
    np.testing.assert_array_equal(again(given)["mean"], encoder(given)["mean"])


def test_unknown_shapes_and_options_are_refused():
    with pytest.raises(InputError, match="resolution"):
        VaeEncoder(6, resolution=96)
    with pytest.raises(InputError, match="depth"):
        VaeEncoder(6, depth=3)
