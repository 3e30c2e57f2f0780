"""Encoder and decoder as one model."""

import keras

from keras_imgdesc.captioning.decoders.decoder import CaptioningModel


def joint_model(encoder: keras.Model, decoder) -> CaptioningModel:
    """Encoder and decoder as one model to train.

    Args:
        encoder: a captioner's encoder, or the trained part of one.
        decoder: as the encoder, its layers are shared, not copied.

    Returns:
        A model of `{"image": what the encoder takes, (pictures, ...), "token_ids":
        (captions, words)}`, the captions of a picture following each other.
    """
    image = keras.Input(encoder.input.shape[1:], name="image")
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    outputs = decoder({"feature_map": encoder(image), "token_ids": token_ids})
    return CaptioningModel({"image": image, "token_ids": token_ids}, outputs)
