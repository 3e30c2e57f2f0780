import keras
import pytest

from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.vision import ENCODERS, ImageEncoder, build_encoder

# Arguments that make an encoder small.
TOYS = {
    "vgg16": {"width": 0.125},
    "mobilenet": {"feature_layer": "conv_pw_4"},
    "efficientnet_lite": {"feature_layer": "block3"},
}


@keras.saving.register_keras_serializable("tests")
class TwoConvolutions(ImageEncoder):
    """The smallest encoder."""

    def __init__(
        self,
        image_size=32,
        weights=None,
        trainable_from=None,
        name="two_convolutions",
        **unknown,
    ):
        refuse_unknown_options(type(self), unknown)
        if image_size < 4 or image_size % 4:
            raise InputError(
                "image_size must be a multiple of 4", "Use 32", image_size=image_size
            )
        if weights is not None:
            raise InputError("There are no weights", "Use None", weights=weights)
        image = keras.Input((image_size, image_size, 3), name="image")
        x = keras.layers.Rescaling(1 / 64, offset=-2.0, name="preprocessing")(image)
        for index in (1, 2):
            x = keras.layers.Conv2D(
                8,
                3,
                strides=2,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                name=f"convolution_{index}",
            )(x)
        super().__init__(inputs=image, outputs=x, name=name)
        self.image_size = image_size
        self.set_trainable_from(trainable_from or "all")

    def get_config(self):
        return {
            "name": self.name,
            "image_size": self.image_size,
            "trainable_from": self.trainable_from,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_keeps_the_contract(run_encoder_contract, name):
    run_encoder_contract(ENCODERS[name], **TOYS.get(name, {}))


def test_an_encoder_outside_the_package_keeps_the_contract(run_encoder_contract):
    run_encoder_contract(TwoConvolutions)


def test_an_unknown_name_is_refused():
    with pytest.raises(
        InputError, match=r"'resnet'.*\['efficientnet_lite', 'mobilenet', 'vgg16'\]"
    ):
        build_encoder("resnet")
