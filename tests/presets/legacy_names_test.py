import hashlib
import json

import h5py
import keras
import numpy as np
import pytest

from keras_imgdesc import VGG16Encoder
from keras_imgdesc.captioning import ImageCaptioner, LSTMDecoder
from keras_imgdesc.presets import legacy_names
from keras_imgdesc.text import CaptionTokenizer, Vocabulary


@pytest.fixture(scope="module")
def captioner():
    keras.utils.set_random_seed(0)
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    decoder = LSTMDecoder(7, encoder.feature_map_shape, 8, 8, 2, feature_dim=8)
    tokenizer = CaptionTokenizer(Vocabulary(["a", "dog", "runs"]), 7)
    return ImageCaptioner(encoder, decoder, tokenizer)


@pytest.fixture
def saved_before(captioner, tmp_path):
    """A preset with the names of an earlier version."""
    folder = tmp_path / "toy"
    captioner.save_to_preset(folder)
    with h5py.File(folder / "model.weights.h5", "r+") as file:
        file.move("image_encoder", "encoder")
        file.move("decoder/attention/query", "decoder/attention/question")
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config = {{"image_encoder": "encoder"}.get(k, k): v for k, v in config.items()}
    content = (folder / "model.weights.h5").read_bytes()
    config["sha256"]["model.weights.h5"] = hashlib.sha256(content).hexdigest()
    path.write_text(json.dumps(config))
    return folder


@pytest.fixture(autouse=True)
def renamed_layer(monkeypatch):
    monkeypatch.setitem(legacy_names.LAYERS, "attention/question", "attention/query")


def test_renamed_parts_and_layers_are_read(captioner, saved_before):
    again = ImageCaptioner.from_preset(saved_before)
    for old, new in zip(captioner.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(old, new, rtol=5e-4, atol=1e-6)


def test_a_renamed_encoder_serves_as_weights(captioner, saved_before):
    encoder = VGG16Encoder(image_size=32, width=0.0625, weights=str(saved_before))
    pairs = zip(captioner.image_encoder.get_weights()[1:], encoder.get_weights()[1:])
    for old, new in pairs:
        np.testing.assert_allclose(old, new, rtol=5e-4, atol=1e-6)


def test_a_name_counts_only_where_it_stands():
    assert legacy_names.current_path("generator/encoder/kernel") == (
        "generator/encoder/kernel"
    )
    assert legacy_names.current_path("decoder/self_attention/question/bias") == (
        "decoder/self_attention/question/bias"
    )
    assert legacy_names.current_path("decoder/attention/question/bias") == (
        "decoder/attention/query/bias"
    )
