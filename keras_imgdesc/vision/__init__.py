"""Image encoders: pictures to feature maps."""

from keras_imgdesc.errors import InputError
from keras_imgdesc.vision.image_encoder import ImageEncoder
from keras_imgdesc.vision.mobilenet_encoder import MobileNetEncoder
from keras_imgdesc.vision.vgg16_encoder import VGG16Encoder

ENCODERS: dict[str, type[ImageEncoder]] = {
    "vgg16": VGG16Encoder,
    "mobilenet": MobileNetEncoder,
}


def build_encoder(name: str, **kwargs) -> ImageEncoder:
    """Build an encoder by its short name.

    Args:
        name: one of `ENCODERS` (`"vgg16"`, `"mobilenet"`).
        **kwargs: the encoder's own constructor arguments.

    Raises:
        InputError: the name is not known.
    """
    if name not in ENCODERS:
        raise InputError(
            "The encoder must be one that the package knows",
            f"Choose one of {sorted(ENCODERS)}",
            name=name,
        )
    return ENCODERS[name](**kwargs)


__all__ = [
    "ENCODERS",
    "ImageEncoder",
    "MobileNetEncoder",
    "VGG16Encoder",
    "build_encoder",
]
