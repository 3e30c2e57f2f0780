"""Preprocessing that the published VGG16 weights expect."""

import keras
from keras import ops

# Mean of ImageNet's training images, in the order blue, green, red.
BGR_MEAN = (103.939, 116.779, 123.68)


@keras.saving.register_keras_serializable("keras_imgdesc")
class CaffePreprocessing(keras.layers.Layer):
    """Convert RGB in [0, 255] to BGR with ImageNet's mean subtracted.

    Args:
        input_scale: divisor of the result. 1 gives exactly
            `keras.applications.vgg16.preprocess_input`; 64 gives about unit
            variance, which a VGG16 needs to train well from scratch.

    Call arguments:
        image: uint8 or float (batch, height, width, 3), RGB in [0, 255].

    Returns:
        Float of the compute dtype and the same shape, BGR.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.vision.caffe_preprocessing import CaffePreprocessing
    >>> black = np.zeros((1, 1, 1, 3), "uint8")
    >>> CaffePreprocessing()(black).numpy().astype(int).ravel().tolist()
    [-103, -116, -123]
    """

    def __init__(self, input_scale: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.input_scale = input_scale

    def call(self, image):
        image = ops.cast(image, "float32")
        image = ops.flip(image, axis=-1) - ops.array(BGR_MEAN, dtype="float32")
        return ops.cast(image / self.input_scale, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"input_scale": self.input_scale}
