import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc import (
    CaptionTokenizer,
    ImageCaptioner,
    TransformerDecoder,
    VGG16Encoder,
    Vocabulary,
)
from keras_imgdesc.errors import InputError, UnknownWordsWarning
from keras_imgdesc.export.tasks.captioner import lite_model, signatures


@pytest.fixture(scope="module")
def captioner() -> ImageCaptioner:
    """A captioner whose decoder reads at most 6 tokens: start and 5 words."""
    keras.utils.set_random_seed(0)
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    decoder = TransformerDecoder(
        7,
        encoder.feature_map_shape,
        embedding_dim=8,
        hidden_dim=8,
        num_heads=2,
        num_layers=1,
        max_length=6,
        feature_dim=8,
    )
    tokenizer = CaptionTokenizer(Vocabulary(["a", "dog", "runs"]), sequence_length=7)
    return ImageCaptioner(encoder, decoder, tokenizer)


def test_a_caption_that_is_too_long_does_not_fail_the_batch(captioner):
    score = signatures(captioner)["score"]
    texts = ["a dog", "a dog runs a dog", "a dog runs a dog runs"]
    photo = score.example["image_bytes"][0]
    outputs = score.function(tf.constant([photo, photo, photo]), tf.constant(texts))
    errors = [error.decode() for error in outputs["error"].numpy()]
    assert errors == ["", "", "The caption has more than 5 words"]
    alone = [captioner.score(photo, text).log_prob for text in texts[:2]]
    np.testing.assert_allclose(outputs["log_prob"], [*alone, 0.0], rtol=1e-4)


def test_a_caption_of_unknown_words_does_not_fail_the_batch(captioner):
    score = signatures(captioner)["score"]
    photo = score.example["image_bytes"][0]
    texts = ["a zebra", "Zebras run", ""]
    outputs = score.function(tf.constant([photo] * 3), tf.constant(texts))
    errors = [error.decode() for error in outputs["error"].numpy()]
    assert errors[0] == errors[2] == "" and "the captioner knows" in errors[1]
    unknown = [words.decode() for words in outputs["unknown_words"].numpy()]
    assert unknown == ["zebra", "zebras run", ""]
    with pytest.warns(UnknownWordsWarning, match="zebra"):
        alone = captioner.score(photo, texts[0]).log_prob
    np.testing.assert_allclose(outputs["log_prob"][:2], [alone, 0.0], rtol=1e-4)


@pytest.mark.parametrize("export", [signatures, lite_model])
def test_a_search_for_longer_captions_is_refused(captioner, export):
    found = export(captioner, max_length=7)
    function = found["pixels"] if export is signatures else found.signatures["describe"]
    with pytest.raises(InputError, match=r"tokens=7, max_length=6"):
        function.function(tf.zeros((1, 32, 32, 3), tf.uint8))
