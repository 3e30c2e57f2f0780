import warnings

import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning import Tokens

SETTINGS = {"num_beams": 3, "max_length": 7, "length_penalty": 0.8}


def test_a_captioner_knows_its_special_tokens(toy_captioner):
    assert toy_captioner.special_tokens == Tokens(12)
    assert toy_captioner.feature_model is toy_captioner.decoder


def test_the_graph_gives_what_generate_gives(toy_captioner, photos):
    images = np.stack([photo[:32, :32] for photo in photos])
    found = toy_captioner.find_captions(images, return_attention=True, **SETTINGS)
    assert tuple(found.attention.shape) == (5, 3, 7, 4)
    best = ops.convert_to_numpy(found.token_ids)[:, 0]
    assert toy_captioner.tokenizer.detokenize(best) == toy_captioner.generate(images)
    assert toy_captioner.find_captions(images, **SETTINGS).attention is None


def test_the_graph_converts_to_tflite_with_built_in_operations(
    toy_captioner, photos, tmp_path
):
    """The whole search in one file: what export builds on, and easily broken."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("TFLite comes from TensorFlow")
    import tensorflow as tf

    def best_caption(image):
        found = toy_captioner.find_captions(image, return_attention=True, **SETTINGS)
        return {
            "token_ids": found.token_ids[:, 0],
            "log_probs": found.log_probs[:, 0],
            "attention": found.attention[:, 0],
        }

    archive = keras.export.ExportArchive()
    archive.track(toy_captioner)
    signature = tf.TensorSpec((1, 32, 32, 3), tf.uint8, name="image")
    archive.add_endpoint("serve", best_caption, input_signature=[signature])
    archive.write_out(str(tmp_path / "saved"), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved"))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    model = converter.convert()
    with warnings.catch_warnings():
        # The interpreter has moved to a package of its own, which tests of the
        # captioner alone do not need.
        warnings.simplefilter("ignore")
        interpreter = tf.lite.Interpreter(model_content=model)
    run = interpreter.get_signature_runner()
    for photo in photos:
        image = photo[None, :32, :32]
        expected = best_caption(image)
        for name, value in run(image=image).items():
            np.testing.assert_allclose(value, expected[name], atol=1e-4, err_msg=name)
