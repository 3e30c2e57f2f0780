import keras
import numpy as np
import pytest

from keras_imgdesc import (
    CaptionTokenizer,
    ImageCaptioner,
    VGG16Encoder,
    Vocabulary,
    export_tflite,
)
from keras_imgdesc.captioning.decoders import build_decoder
from keras_imgdesc.lite import LiteCaptioner


def test_what_the_search_pads_stays_float(tmp_path):
    keras.utils.set_random_seed(0)
    # A vocabulary that the search divides into blocks, and pads to whole ones.
    vocabulary = Vocabulary([f"word{i}" for i in range(500)])
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    decoder = build_decoder(
        "gru", len(vocabulary), encoder.feature_map_shape, hidden_dim=8, num_heads=2
    )
    tokenizer = CaptionTokenizer(vocabulary, sequence_length=6)
    captioner = ImageCaptioner(encoder, decoder, tokenizer)
    images = list(np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8))
    path = export_tflite(
        captioner,
        tmp_path / "captioner.tflite",
        quantize="int8",
        representative_images=images,
    )
    expected = captioner.generate(images, return_details=True)
    found = LiteCaptioner(path).generate(images, return_details=True)
    for caption, exact in zip(found, expected, strict=True):
        assert caption.log_prob == pytest.approx(exact.log_prob, rel=0.1)
