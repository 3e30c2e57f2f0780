"""A captioner that is guided by concepts, from presets to exported files."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc import (
    CaptionTokenizer,
    ImageCaptioner,
    VGG16Encoder,
    Vocabulary,
    export_saved_model,
    export_tflite,
)
from keras_imgdesc.captioning.decoders import build_decoder
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.lite import LiteCaptioner

WORDS = ["a", "dog", "cat", "bus", "runs", "red", "two", "on"]
VOCABULARY = Vocabulary(WORDS)
CONCEPTS = {
    "class_nouns": [[0], [1], [0, 2], [2]],
    "noun_token_ids": [VOCABULARY.id_of(noun) for noun in ("dog", "cat", "bus")],
    "num_concepts": 2,
    "threshold": 0.1,
}
SMALL = {"embedding_dim": 16, "hidden_dim": 16, "num_heads": 2, "feature_dim": 16}


def build(shake, **options) -> ImageCaptioner:
    keras.utils.set_random_seed(0)
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    decoder = build_decoder(
        "lstm", len(VOCABULARY), encoder.feature_map_shape, **SMALL, **options
    )
    tokenizer = CaptionTokenizer(VOCABULARY, sequence_length=8)
    return ImageCaptioner(encoder, shake(decoder), tokenizer)


@pytest.fixture
def captioner(shake) -> ImageCaptioner:
    return build(shake, concepts=CONCEPTS, concept_dim=8)


def test_concepts_are_named_with_their_probabilities(captioner, photos, tmp_path):
    features = captioner.image_encoder(photos[:, :32, :32])
    token_ids, weights = captioner.decoder.concept_detector(features)
    found = captioner.detect_concepts(list(photos[:, :32, :32]))
    for row, concepts in enumerate(found):
        expected = [
            (VOCABULARY.tokens[i], pytest.approx(float(w), abs=1e-5))
            for i, w in zip(np.asarray(token_ids[row]), weights[row], strict=True)
            if w > 0
        ]
        assert concepts == expected
    assert captioner.detect_concepts(photos[0, :32, :32]) == found[0]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"nothing")
    _, error = captioner.detect_concepts(
        [photos[0, :32, :32], broken], on_error="return"
    )
    assert isinstance(error, ImageError)
    with pytest.raises(ImageError, match="broken"):
        captioner.detect_concepts(broken)


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"on_error": "skip"}, "on_error='skip'"), ({"batch_size": 0}, "batch_size=0")],
)
def test_a_setting_out_of_range_is_refused(captioner, photos, setting, message):
    with pytest.raises(InputError, match=message):
        captioner.detect_concepts(photos[0], **setting)
    with pytest.raises(InputError, match=message):
        captioner.generate(photos[:2], **setting)


def test_concepts_can_be_turned_off(captioner, photos):
    image = photos[0, :32, :32]
    guided, plain = (
        captioner.generate(image, return_details=True, use_concepts=use)
        for use in (True, False)
    )
    assert guided.log_prob != pytest.approx(plain.log_prob, abs=1e-3)
    again = captioner.generate(image, return_details=True)
    assert again.log_prob == pytest.approx(guided.log_prob, abs=1e-5)
    # Nothing of the detector is left: another head gives the same caption.
    head = captioner.decoder.concept_detector.head
    head.set_weights([-x for x in head.get_weights()])
    other = captioner.generate(image, return_details=True, use_concepts=False)
    assert other.log_prob == pytest.approx(plain.log_prob, abs=1e-5)


def test_a_captioner_without_concepts_says_so(shake, photos):
    with pytest.raises(InputError, match="guided by concepts"):
        build(shake).detect_concepts(photos[0])


def test_a_preset_keeps_the_concepts(captioner, photos, tmp_path):
    captioner.save_to_preset(tmp_path / "preset")
    loaded = ImageCaptioner.from_preset(tmp_path / "preset")
    images = list(photos[:, :32, :32])
    assert loaded.generate(images) == captioner.generate(images)
    labels = [[p.label for p in row] for row in captioner.detect_concepts(images)]
    assert [[p.label for p in row] for row in loaded.detect_concepts(images)] == labels


@pytest.mark.slow
def test_exports_see_the_same_concepts(captioner, photos, tmp_path):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("exports need TensorFlow")
    images = list(photos[:, :32, :32])
    expected = captioner.generate(images)
    lite = LiteCaptioner(export_tflite(captioner, tmp_path / "captioner.tflite"))
    assert lite.generate(images) == expected
    for image, seen in zip(images, captioner.detect_concepts(images), strict=True):
        found = lite.detect_concepts(image)
        assert [p.label for p in found] == [p.label for p in seen]
        np.testing.assert_allclose(
            [p.probability for p in found], [p.probability for p in seen], atol=1e-4
        )
    greedy = captioner.generate(images, num_beams=1)
    assert [" ".join(lite.stream_words(image)) for image in images] == greedy
    path = export_saved_model(captioner, tmp_path / "saved")
    serve = tf.saved_model.load(str(path)).signatures["pixels"]
    captions = serve(image=tf.constant(np.stack(images)))["caption"]
    assert [text.decode() for text in captions.numpy()] == expected
