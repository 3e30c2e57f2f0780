import keras
import numpy as np
import pytest

from keras_imgdesc import ImageTextMatcher
from keras_imgdesc.captioning import ImageCaptioner, LSTMDecoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.text import CaptionTokenizer, CompactTextEncoder, Vocabulary
from keras_imgdesc.vision import MobileNetEncoder, VGG16Encoder, build_encoder

IMAGE = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
OPTIONS = {
    "vgg16": {"image_size": 64, "width": 0.125},
    "mobilenet": {"image_size": 64, "feature_layer": "conv_pw_4"},
}
TOKENIZER = CaptionTokenizer(Vocabulary(["a", "dog", "is", "two"]), 7)


def build_captioner(encoder):
    shape = encoder.feature_map_shape
    decoder = LSTMDecoder(8, shape, 16, 16, num_heads=2, feature_dim=16)
    return ImageCaptioner(encoder, decoder, TOKENIZER)


def build_matcher(encoder):
    text_encoder = CompactTextEncoder(TOKENIZER, embedding_dim=16, num_layers=1)
    return ImageTextMatcher.build_parts(encoder, text_encoder, embedding_dim=4)


@pytest.fixture(
    params=[
        ("vgg16", build_captioner),
        ("vgg16", build_matcher),
        ("mobilenet", build_captioner),
        ("mobilenet", build_matcher),
    ],
    ids=lambda param: f"{param[0]}, {param[1].__name__}",
)
def preset(request, tmp_path, monkeypatch):
    """The image encoder of a preset "toy", and how to build one like it."""
    name, build_task = request.param
    encoder = build_encoder(name, **OPTIONS[name])
    # Rounded as presets round them, so that both encoders have equal weights.
    encoder.set_weights([w.astype("float16") for w in encoder.get_weights()])
    build_task(encoder).save_to_preset(tmp_path / "toy")
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", str(tmp_path))
    return encoder, name, OPTIONS[name]


def features(encoder):
    return keras.ops.convert_to_numpy(encoder(IMAGE))


def test_the_weights_of_a_preset_are_loaded_by_its_name(preset):
    encoder, name, options = preset
    again = build_encoder(name, weights="toy", **options)
    assert again.trainable_from == "none"
    expected = features(encoder)
    np.testing.assert_allclose(features(again), expected, rtol=1e-4, atol=1e-4)


def test_the_new_encoder_keeps_its_own_input_scale(tmp_path, preset):
    encoder, name, options = preset
    if name == "vgg16":
        again = VGG16Encoder(weights=str(tmp_path / "toy"), input_scale=8.0, **options)
        np.testing.assert_allclose(
            features(again), features(encoder), rtol=1e-4, atol=1e-4
        )


def test_an_encoder_of_another_shape_or_class_is_refused(preset):
    _, name, options = preset
    other = {"width": 0.25} if name == "vgg16" else {"feature_layer": "conv_pw_5"}
    with pytest.raises(InputError, match="same shapes"):
        build_encoder(name, weights="toy", **options | other)
    stranger = MobileNetEncoder if name == "vgg16" else VGG16Encoder
    with pytest.raises(InputError, match=f"must be of the class {stranger.__name__}"):
        stranger(image_size=64, weights="toy")


def test_a_preset_without_an_image_encoder_is_refused(toy_painter, tmp_path):
    toy_painter.save_to_preset(tmp_path / "toy")
    with pytest.raises(
        InputError, match="captioner, matcher or classifier.*"
    ) as caught:
        VGG16Encoder(image_size=64, weights=str(tmp_path / "toy"))
    assert caught.value.received["task"] == "TextToImage"


def test_an_unknown_name_is_refused(preset):
    with pytest.raises(InputError, match=r"a preset.*'toys'"):
        build_encoder(preset[1], weights="toys", **preset[2])
