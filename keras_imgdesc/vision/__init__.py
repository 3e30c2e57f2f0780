"""Image encoders: from images to feature maps."""

from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.vision.classification_head import ClassificationHead
from keras_imgdesc.vision.efficientnet_lite_encoder import EfficientNetLiteEncoder
from keras_imgdesc.vision.efficientnet_lite_weights import load_efficientnet_lite_head
from keras_imgdesc.vision.image_encoder import ImageEncoder
from keras_imgdesc.vision.imagenet_labels import imagenet_labels
from keras_imgdesc.vision.mobilenet_encoder import MobileNetEncoder
from keras_imgdesc.vision.vgg16_encoder import VGG16Encoder

ENCODERS: dict[str, type[ImageEncoder]] = {
    "vgg16": VGG16Encoder,
    "mobilenet": MobileNetEncoder,
    "efficientnet_lite": EfficientNetLiteEncoder,
}


def build_encoder(name: str, **options: Any) -> ImageEncoder:
    """Build an encoder by its short name.

    Args:
        name: key of `ENCODERS`, such as `"vgg16"`.
        **options: arguments of the encoder's constructor.

    Raises:
        InputError: the name or an option is unknown.

    Example:

    >>> from keras_imgdesc.vision import build_encoder
    >>> build_encoder("vgg16", image_size=32, width=0.125).feature_map_shape
    (2, 2, 64)
    """
    if name not in ENCODERS:
        raise InputError(
            "There is no image encoder of this name",
            f"Use one of {sorted(ENCODERS)}",
            name=name,
        )
    return ENCODERS[name](**options)


__all__ = [
    "ENCODERS",
    "ClassificationHead",
    "EfficientNetLiteEncoder",
    "ImageEncoder",
    "MobileNetEncoder",
    "VGG16Encoder",
    "build_encoder",
    "imagenet_labels",
    "load_efficientnet_lite_head",
]
