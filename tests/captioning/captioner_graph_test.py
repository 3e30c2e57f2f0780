import numpy as np
from keras import ops

from keras_imgdesc.captioning import Tokens

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
