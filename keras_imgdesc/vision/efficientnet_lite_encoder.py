"""EfficientNet-Lite with batch normalization folded into the convolutions."""

import keras

from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.sizes import ImageSize
from keras_imgdesc.vision import efficientnet_lite_weights
from keras_imgdesc.vision.efficientnet_lite_blocks import VARIANTS, Block, blocks_of
from keras_imgdesc.vision.image_encoder import ImageEncoder

STEM_CHANNELS = 32
HEAD_CHANNELS = 1280
HEAD_LAYER = "head_conv"


@keras.saving.register_keras_serializable("keras_imgdesc")
class EfficientNetLiteEncoder(ImageEncoder):
    """EfficientNet-Lite up to its head convolution, without normalization.

    EfficientNet for phones: ReLU6 instead of swish and no squeeze-and-excitation, so
    that it survives int8. The batch normalization of trained weights is folded into
    the convolutions when they are loaded. Layers: `stem_conv`; `block1_depthwise`,
    `block1_project`; from block 2 on `block2_expand`, `block2_depthwise`,
    `block2_project` and, where a block has a residual connection, `block2_add`;
    `head_conv`.

    Args:
        variant: `"lite0"` (16 blocks) or `"lite2"` (21 blocks).
        image_size: side of the square input in pixels, at least 32. `None` means the
            size of the published weights: 224 for `lite0`, 260 for `lite2`.
        feature_layer: `"head_conv"`, whose output has 1,280 channels after ReLU6, or
            `"block1"`, `"block2"` and so on: the output of this block, linear.
        weights: `None` (He initialization), the path of an `.npz` with the arrays of
            the PyTorch port, or the name or folder of a preset whose image encoder is
            an `EfficientNetLiteEncoder` of this variant up to the same layer.
        trainable_from: `"none"`, `"all"` or a prefix of the name of the first trained
            layer, as `"block14"`. `None` means `"all"` where `weights` is `None`,
            otherwise `"none"`.
        name: name of the Keras model.

    Raises:
        InputError: the variant, the size, a layer or an option is unknown, or the
            weights do not exist or are those of another network.

    Example:
    >>> import numpy as np
    >>> encoder = EfficientNetLiteEncoder(image_size=32, feature_layer="block4")
    >>> encoder(np.zeros((1, 32, 32, 3), "uint8")).shape
    TensorShape([1, 4, 4, 40])

    Reference:
        Tan, Le, "EfficientNet", https://arxiv.org/abs/1905.11946; the Lite variants:
        https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
    """

    def __init__(
        self,
        variant: str = "lite0",
        image_size: ImageSize | None = None,
        feature_layer: str = HEAD_LAYER,
        weights: str | None = None,
        trainable_from: str | None = None,
        name: str = "efficientnet_lite_encoder",
        **unknown,
    ):
        refuse_unknown_options(type(self), unknown)
        if variant not in VARIANTS:
            raise InputError(
                "There is no EfficientNet-Lite of this name",
                f"Use one of {sorted(VARIANTS)}",
                variant=variant,
            )
        blocks = blocks_of(variant)
        layers = [*(block.name for block in blocks), HEAD_LAYER]
        if feature_layer not in layers:
            raise InputError(
                "feature_layer must be a block of the network or its head convolution",
                f"Use one of {layers}",
                feature_layer=feature_layer,
            )
        if image_size is None:
            image_size = VARIANTS[variant].image_size
        if image_size < 32:
            raise InputError(
                "image_size must be at least 32",
                "Use for example 224",
                image_size=image_size,
            )
        depth = layers.index(feature_layer) + 1

        # === Functional Model ===
        image = keras.Input((image_size, image_size, 3), name="image")
        x = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="preprocessing")(
            image
        )
        x = _convolution(STEM_CHANNELS, 3, "stem_conv", strides=2)(x)
        for block in blocks[:depth]:
            x = inverted_residual(x, block)
        if feature_layer == HEAD_LAYER:
            x = _convolution(HEAD_CHANNELS, 1, HEAD_LAYER)(x)
        super().__init__(inputs=image, outputs=x, name=name)

        # === Config ===
        self.variant = variant
        self.image_size = image_size
        self.feature_layer = feature_layer
        if weights is not None:
            efficientnet_lite_weights.load_efficientnet_lite_weights(self, weights)
        default = "all" if weights is None else "none"
        self.set_trainable_from(trainable_from or default)

    def get_config(self):
        return {
            "name": self.name,
            "variant": self.variant,
            "image_size": self.image_size,
            "feature_layer": self.feature_layer,
            "trainable_from": self.trainable_from,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def inverted_residual(x, block: Block):
    """Apply a mobile inverted bottleneck; its output is linear."""
    inputs = x
    if block.expanded != block.inputs:
        x = _convolution(block.expanded, 1, f"{block.name}_expand")(x)
    x = keras.layers.DepthwiseConv2D(
        block.kernel,
        strides=block.stride,
        padding="same",
        activation="relu6",
        # He's scale: Keras' own counts the channels of a depthwise kernel as inputs.
        depthwise_initializer=keras.initializers.RandomNormal(
            stddev=2**0.5 / block.kernel
        ),
        name=f"{block.name}_depthwise",
        data_format="channels_last",
    )(x)
    x = keras.layers.Conv2D(
        block.outputs,
        1,
        kernel_initializer="lecun_normal",
        name=f"{block.name}_project",
        data_format="channels_last",
    )(x)
    if block.has_residual:
        x = keras.layers.Add(name=f"{block.name}_add")([x, inputs])
    return x


def _convolution(channels: int, kernel: int, name: str, strides: int = 1):
    return keras.layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding="same",
        activation="relu6",
        kernel_initializer="he_normal",
        name=name,
        data_format="channels_last",
    )
