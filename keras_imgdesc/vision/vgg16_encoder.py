"""VGG16 up to its last convolution."""

from typing import Annotated

import keras

from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.json_files import Bounds
from keras_imgdesc.sizes import ImageSize
from keras_imgdesc.vision import vgg16_weights
from keras_imgdesc.vision.caffe_preprocessing import CaffePreprocessing
from keras_imgdesc.vision.image_encoder import ImageEncoder

# Channels of each convolution, block by block; a block ends in 2 x 2 max pooling.
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
SCRATCH_INPUT_SCALE = 64.0


@keras.saving.register_keras_serializable("keras_imgdesc")
class VGG16Encoder(ImageEncoder):
    """VGG16's convolutions; the feature map is the output of `block5_conv3`.

    At 224 pixels it is the map of "Show, Attend and Tell", 14 x 14 x 512. Layers have
    the names of `keras.applications.VGG16`: weights can be copied in both directions
    layer by layer.

    Args:
        image_size: side of the square input in pixels, a multiple of 16.
        width: multiplier on the channels of every layer; 1 is VGG16 itself.
        weights: `None` (He initialization), `"imagenet"` (Keras downloads them), the
            path of a Keras `.h5` or `.weights.h5` of VGG16 without top or of an `.npz`
            with its arrays under `layer/weight` names (`block1_conv1/kernel`), or the
            name or folder of a preset whose image encoder is a `VGG16Encoder` of the
            same width.
        trainable_from: `"none"`, `"all"` or a prefix of the name of the first trained
            layer, as `"block5"`. `None` means `"all"` where `weights` is `None`,
            otherwise `"none"`.
        input_scale: divisor in the preprocessing, see `CaffePreprocessing`. `None`
            means 64 where `weights` is `None`, otherwise 1.
        name: name of the Keras model.

    Raises:
        InputError: the size is not a multiple of 16, the weights do not exist, do not
            fit or cannot be downloaded, or a layer or option is unknown.

    Example:
    >>> import numpy as np
    >>> encoder = VGG16Encoder(image_size=32, width=0.125)
    >>> encoder(np.zeros((1, 32, 32, 3), "uint8")).shape
    TensorShape([1, 2, 2, 64])

    Reference:
        Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale
        Image Recognition", https://arxiv.org/abs/1409.1556
    """

    def __init__(
        self,
        image_size: ImageSize = 224,
        width: Annotated[float, Bounds(0, 16)] = 1.0,
        weights: str | None = None,
        trainable_from: str | None = None,
        input_scale: float | None = None,
        name: str = "vgg16_encoder",
        **unknown,
    ):
        refuse_unknown_options(type(self), unknown)
        if image_size < 16 or image_size % 16:
            raise InputError(
                "image_size must be a positive multiple of 16",
                "Use for example 96 or 224",
                image_size=image_size,
            )
        if width <= 0:
            raise InputError(
                "width must be above 0", "Use 1 for VGG16 itself", width=width
            )
        if input_scale is None:
            input_scale = SCRATCH_INPUT_SCALE if weights is None else 1.0

        # === Layers ===
        preprocessing = CaffePreprocessing(input_scale, name="preprocessing")
        blocks = [
            [
                keras.layers.Conv2D(
                    max(1, round(channels * width)),
                    3,
                    padding="same",
                    activation="relu",
                    kernel_initializer="he_normal",
                    name=f"block{b}_conv{c}",
                    data_format="channels_last",
                )
                for c, channels in enumerate(block, start=1)
            ]
            for b, block in enumerate(BLOCKS, start=1)
        ]

        # === Functional Model ===
        image = keras.Input((image_size, image_size, 3), name="image")
        x = preprocessing(image)
        for b, block in enumerate(blocks, start=1):
            if b > 1:
                x = keras.layers.MaxPooling2D(
                    2, name=f"block{b - 1}_pool", data_format="channels_last"
                )(x)
            for layer in block:
                x = layer(x)
        super().__init__(inputs=image, outputs=x, name=name)

        # === Config ===
        self.image_size = image_size
        self.width = width
        self.input_scale = input_scale
        if weights is not None:
            vgg16_weights.load_vgg16_weights(self, weights)
        default = "all" if weights is None else "none"
        self.set_trainable_from(trainable_from or default)

    def get_config(self):
        # Weights are saved beside the configuration, never named in it.
        return {
            "name": self.name,
            "image_size": self.image_size,
            "width": self.width,
            "trainable_from": self.trainable_from,
            "input_scale": self.input_scale,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config)
