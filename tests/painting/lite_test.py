"""The generator as a file of built-in operations."""

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from keras_imgdesc.painting import Generator, to_uint8


def test_the_file_paints_what_python_paints(tmp_path, with_statistics):
    generator = Generator(6, resolution=32, width=4, noise_dim=5, condition_dim=7)
    chance = np.random.default_rng(0)
    with_statistics(generator)

    def paint(sentence, noise):
        painted = generator({"sentence": sentence, "noise": noise}, training=False)
        return {"pixels": painted["image"], "image": to_uint8(painted["image"])}

    archive = keras.export.ExportArchive()
    archive.track(generator)
    signature = [tf.TensorSpec((1, 6), name="sentence")]
    signature += [tf.TensorSpec((1, 12), name="noise")]
    archive.add_endpoint("paint", paint, input_signature=signature)
    archive.write_out(tmp_path, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(tmp_path), signature_keys=["paint"]
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    runner = Interpreter(model_content=converter.convert()).get_signature_runner(
        "paint"
    )
    for _ in range(3):
        sentence = chance.normal(size=(1, 6)).astype("float32")
        noise = chance.normal(size=(1, 12)).astype("float32")
        found, expected = runner(sentence=sentence, noise=noise), paint(sentence, noise)
        np.testing.assert_allclose(found["pixels"], expected["pixels"], atol=1e-4)
        difference = found["image"].astype(int) - np.asarray(expected["image"])
        assert np.abs(difference).max() <= 1
        assert found["image"].std() > 1
