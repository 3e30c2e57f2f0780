import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning import ImageCaptioner, Tokens, TransformerDecoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.text import CaptionTokenizer

SETTINGS = {"num_beams": 3, "max_length": 7, "length_penalty": 0.8}


def test_a_captioner_knows_its_special_tokens(toy_captioner):
    assert toy_captioner.special_tokens == Tokens(12)
    assert toy_captioner.feature_model is toy_captioner.decoder


def test_the_graph_and_generate_agree(toy_captioner, photos):
    images = np.stack([photo[:32, :32] for photo in photos])
    found = toy_captioner.find_captions(images, return_attention=True, **SETTINGS)
    assert tuple(found.attention.shape) == (5, 3, 7, 4)
    best = ops.convert_to_numpy(found.token_ids)[:, 0]
    assert toy_captioner.tokenizer.detokenize(best) == toy_captioner.generate(images)
    assert toy_captioner.find_captions(images, **SETTINGS).attention is None


@pytest.fixture
def limited(toy_captioner, toy_settings):
    """A captioner whose decoder reads at most 9 tokens: start and 8 words."""
    encoder = toy_captioner.image_encoder
    shape = {"feature_map_shape": encoder.feature_map_shape}
    decoder = TransformerDecoder(**toy_settings | shape, num_layers=1, max_length=9)
    tokenizer = CaptionTokenizer(toy_captioner.vocabulary, sequence_length=10)
    return ImageCaptioner(encoder, decoder, tokenizer)


def test_longer_captions_than_the_decoder_reads_are_refused(limited, photos):
    for settings in ({"num_beams": 2}, {"seed": 3}):
        assert limited.generate(photos[0], max_length=9, **settings) is not None
        with pytest.raises(InputError, match=r"tokens=10, max_length=9"):
            limited.generate(photos[0], max_length=10, **settings)
    tokenizer = CaptionTokenizer(limited.vocabulary, sequence_length=11)
    with pytest.raises(InputError, match=r"tokens=10, max_length=9"):
        ImageCaptioner(limited.image_encoder, limited.decoder, tokenizer)


def test_captions_are_scored_up_to_the_length_that_the_decoder_reads(limited, photos):
    texts = ["a", "a dog runs", "a cat runs a dog a cat sleeps"]
    scored = limited.score(photos[0], texts)
    assert [len(caption.token_ids) for caption in scored] == [2, 4, 9]
    # Each is scored as it is alone, whatever the others are padded to.
    for text, caption in zip(texts, scored, strict=True):
        alone = limited.score(photos[0], text).log_prob
        np.testing.assert_allclose(caption.log_prob, alone, rtol=1e-4)
    with pytest.raises(InputError, match=r"tokens=10, max_length=9"):
        limited.score(photos[0], "a dog " * 4 + "sleeps")
