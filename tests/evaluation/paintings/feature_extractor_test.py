import numpy as np
import pytest

from keras_imgdesc.captioning import ImageCaptioner, LSTMDecoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.feature_extractor import FeatureExtractor
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.vision import MobileNetEncoder, VGG16Encoder


def test_the_name_identifies_encoder_layer_and_weights():
    first = FeatureExtractor(MobileNetEncoder(32, "conv_pw_2"))
    second = FeatureExtractor(MobileNetEncoder(32, "conv_pw_2"))
    for part in ("MobileNetEncoder", "conv_pw_2", "32"):
        assert part in first.name
    assert first.name != second.name  # their weights differ


def test_the_encoder_of_a_preset_gives_the_same_features(tmp_path):
    tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "dog"]), 6)
    encoder = VGG16Encoder(image_size=32, width=0.125)
    decoder = LSTMDecoder(7, encoder.feature_map_shape, 8, 8, 2, feature_dim=8)
    path = tmp_path / "toy"
    ImageCaptioner(encoder, decoder, tokenizer).save_to_preset(path)
    extractor = FeatureExtractor.of_task(ImageCaptioner.from_preset(path), "toy")
    images = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8)
    features = FeatureExtractor(encoder)(images)
    assert features.dtype == np.float32
    np.testing.assert_allclose(extractor(images), features, rtol=0.02, atol=0.02)
    assert "toy" in extractor.name


def test_a_task_without_an_encoder_is_refused():
    with pytest.raises(InputError, match="'nobody'.*captioner or a matcher"):
        FeatureExtractor.of_task(object(), "nobody")
