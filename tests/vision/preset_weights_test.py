import keras
import numpy as np
import pytest

from keras_imgdesc.captioning import ImageCaptioner, LSTMDecoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.vision import MobileNetEncoder, VGG16Encoder, build_encoder

IMAGE = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
KINDS = {
    "vgg16": {"image_size": 64, "width": 0.125},
    "mobilenet": {"image_size": 64, "feature_layer": "conv_pw_4"},
}


@pytest.fixture(params=KINDS)
def preset(request, tmp_path, monkeypatch):
    """A preset's encoder and what to build one like it with."""
    options = KINDS[request.param]
    encoder = build_encoder(request.param, **options)
    # As presets keep them, so that nothing is rounded between the two.
    encoder.set_weights([w.astype("float16") for w in encoder.get_weights()])
    decoder = LSTMDecoder(
        8, encoder.feature_map_shape, 16, 16, num_heads=2, feature_dim=16
    )
    tokenizer = CaptionTokenizer(Vocabulary(["a", "dog", "is", "two"]), 7)
    ImageCaptioner(encoder, decoder, tokenizer).save_to_preset(tmp_path / "toy")
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", str(tmp_path))
    return encoder, request.param, options


def features(encoder):
    return keras.ops.convert_to_numpy(encoder(IMAGE))


def test_the_encoder_of_a_preset_is_taken_by_name(preset):
    encoder, kind, options = preset
    again = build_encoder(kind, weights="toy", **options)
    assert again.trainable_from == "none"
    wanted = features(encoder)
    np.testing.assert_allclose(features(again), wanted, rtol=1e-4, atol=1e-4)


def test_the_input_scale_is_that_of_the_new_encoder(tmp_path, preset):
    encoder, kind, options = preset
    if kind == "vgg16":
        again = VGG16Encoder(weights=str(tmp_path / "toy"), input_scale=8.0, **options)
        np.testing.assert_allclose(
            features(again), features(encoder), rtol=1e-4, atol=1e-4
        )


def test_an_encoder_of_another_shape_or_kind_is_refused(preset):
    _, kind, options = preset
    other = {"width": 0.25} if kind == "vgg16" else {"feature_layer": "conv_pw_5"}
    with pytest.raises(InputError, match="must have the layers"):
        build_encoder(kind, weights="toy", **options | other)
    stranger = MobileNetEncoder if kind == "vgg16" else VGG16Encoder
    with pytest.raises(InputError, match="must have the layers"):
        stranger(image_size=64, weights="toy")


def test_an_unknown_name_is_refused(preset):
    with pytest.raises(InputError, match=r"a preset.*'toys'"):
        build_encoder(preset[1], weights="toys", **preset[2])
