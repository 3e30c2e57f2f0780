"""Every decoder gives the words of Python in a browser.

A tensor of computed shape in the loop of the search is left uninitialized there,
without an error: see `captioning/search/decoding.py`.
"""

from pathlib import Path

import keras
import numpy as np
import pytest

from keras_imgdesc import CaptionTokenizer, ImageCaptioner, VGG16Encoder, Vocabulary
from keras_imgdesc.captioning.decoders import DECODERS, build_decoder
from keras_imgdesc.export import export_tflite

PHOTOS = sorted((Path(__file__).parents[2] / "examples/photos").glob("*.jpg"))[:3]
TOY = {"embedding_dim": 16, "hidden_dim": 16, "num_heads": 2, "feature_dim": 8}
WORDS = ["a", "dog", "cat", "runs", "sleeps", "red", "big", "two"]


@pytest.mark.slow
@pytest.mark.parametrize("name", DECODERS)
def test_words_are_those_of_python(name, tools, build, serve, open_page, tmp_path):
    keras.utils.set_random_seed(0)
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    decoder = build_decoder(name, 12, encoder.feature_map_shape, **TOY)
    generator = np.random.default_rng(0)
    for variable in decoder.weights:
        variable.assign(variable + generator.normal(scale=0.5, size=variable.shape))
    # The page hides a caption without words.
    bias = decoder.word_embedding.output_bias
    bias.assign(bias - 4.0 * (np.arange(12) == 3))
    tokenizer = CaptionTokenizer(Vocabulary(WORDS), sequence_length=8)
    captioner = ImageCaptioner(encoder, decoder, tokenizer)
    path = export_tflite(captioner, tmp_path / "captioner.tflite")
    expected = captioner.generate(PHOTOS, return_details=True)
    texts = {caption.text for caption in expected}
    assert len(texts) > 1 and "" not in texts
    with serve(build(path)) as address:
        page = open_page(address).load()
        for photo, caption in zip(PHOTOS, expected, strict=True):
            token_ids, log_probs = page.describe(photo)
            assert token_ids == caption.token_ids.tolist()
            np.testing.assert_allclose(log_probs, caption.token_log_probs, atol=1e-3)
