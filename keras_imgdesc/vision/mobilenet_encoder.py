"""MobileNet with batch normalization folded into the convolutions."""

import keras

from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.sizes import ImageSize
from keras_imgdesc.vision import mobilenet_weights
from keras_imgdesc.vision.image_encoder import ImageEncoder

# Channels and stride of each depthwise-separable block.
BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
)


@keras.saving.register_keras_serializable("keras_imgdesc")
class MobileNetEncoder(ImageEncoder):
    """MobileNet (alpha 1) up to a pointwise convolution, without normalization.

    The batch normalization of trained weights is folded into the convolutions when
    they are loaded: features are equal up to rounding, a CPU is about twice as fast,
    and fine-tuning has no moving statistics to disturb. Layers have the names of
    `keras.applications.MobileNet`.

    Args:
        image_size: side of the square input in pixels, a multiple of 32.
        feature_layer: `"conv_pw_1"` to `"conv_pw_13"`: the feature map is the output
            of this block, after its activation.
        weights: `None` (He initialisation), `"imagenet"` (Keras downloads them), the
            path of a Keras `.h5` / `.weights.h5` of `MobileNet(include_top=False)`,
            or of an `.npz` with its arrays under `layer/weight` names, or the name or
            folder of a preset whose image encoder is a `MobileNetEncoder` up to the
            same layer.
        trainable_from: `"none"`, `"all"` or the first layer trained, as
            `"conv_dw_7"`. `None` means `"all"` where `weights` is `None`, otherwise
            `"none"`.
        name: name of the Keras model.

    Raises:
        InputError: the size is not a multiple of 32, the weights do not exist, lack an
            array or cannot be downloaded, or a layer or option is unknown.

    Example:
    >>> import numpy as np
    >>> encoder = MobileNetEncoder(image_size=32, feature_layer="conv_pw_5")
    >>> encoder(np.zeros((1, 32, 32, 3), "uint8")).shape
    TensorShape([1, 4, 4, 256])

    Reference:
        Howard et al., "MobileNets", https://arxiv.org/abs/1704.04861
    """

    def __init__(
        self,
        image_size: ImageSize = 224,
        feature_layer: str = "conv_pw_12",
        weights: str | None = None,
        trainable_from: str | None = None,
        name: str = "mobilenet_encoder",
        **unknown,
    ):
        refuse_unknown_options(type(self), unknown)
        layers = [f"conv_pw_{i + 1}" for i in range(len(BLOCKS))]
        if feature_layer not in layers:
            raise InputError(
                "feature_layer must be a pointwise convolution of MobileNet",
                f"Use one of {layers}",
                feature_layer=feature_layer,
            )
        if image_size < 32 or image_size % 32:
            raise InputError(
                "image_size must be a positive multiple of 32",
                "Use for example 128 or 224",
                image_size=image_size,
            )
        depth = layers.index(feature_layer) + 1

        # === Functional Model ===
        image = keras.Input((image_size, image_size, 3), name="image")
        x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="preprocessing")(image)
        x = _pad(x, "conv1_pad")
        x = keras.layers.Conv2D(
            32,
            3,
            strides=2,
            activation="relu6",
            kernel_initializer="he_normal",
            name="conv1",
            data_format="channels_last",
        )(x)
        for i, (channels, stride) in enumerate(BLOCKS[:depth], start=1):
            x = separable_block(x, i, channels, stride)
        super().__init__(inputs=image, outputs=x, name=name)

        # === Config ===
        self.image_size = image_size
        self.feature_layer = feature_layer
        if weights is not None:
            mobilenet_weights.load_mobilenet_weights(self, weights)
        default = "all" if weights is None else "none"
        self.set_trainable_from(trainable_from or default)

    def get_config(self):
        return {
            "name": self.name,
            "image_size": self.image_size,
            "feature_layer": self.feature_layer,
            "trainable_from": self.trainable_from,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def _pad(x, name: str):
    # A row and a column at the end, as when the published weights were trained.
    return keras.layers.ZeroPadding2D(
        ((0, 1), (0, 1)), name=name, data_format="channels_last"
    )(x)


def separable_block(x, index: int, channels: int, stride: int):
    """Apply a depthwise 3 x 3 and a pointwise 1 x 1 convolution, each with ReLU6."""
    if stride == 2:
        x = _pad(x, f"conv_pad_{index}")
    x = keras.layers.DepthwiseConv2D(
        3,
        strides=stride,
        padding="valid" if stride == 2 else "same",
        activation="relu6",
        depthwise_initializer="he_normal",
        name=f"conv_dw_{index}",
        data_format="channels_last",
    )(x)
    return keras.layers.Conv2D(
        channels,
        1,
        activation="relu6",
        kernel_initializer="he_normal",
        name=f"conv_pw_{index}",
        data_format="channels_last",
    )(x)
