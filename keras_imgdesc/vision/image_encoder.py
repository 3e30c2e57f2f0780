"""The base of the image encoders."""

import hashlib

import keras
import numpy as np

from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.errors import InputError


class ImageEncoder(keras.Model):
    """Base of the image encoders: an image in, a feature map out.

    A functional Keras model with the preprocessing inside, a chain of layers. Input:
    `image`, uint8 or float in [0, 255], RGB, of shape `(batch, image_size, image_size,
    3)`. Output: the feature map, of shape `(batch, rows, columns, channels)`.

    A subclass takes `image_size`, `weights`, `trainable_from` and `name`, calls
    `super().__init__(inputs=..., outputs=..., name=name)`, sets `image_size` and calls
    `set_trainable_from`; `get_config` returns the arguments but for `weights`. To
    serve under a short name, it gets an entry in `keras_imgdesc.vision.ENCODERS`.

    Attributes:
        image_size: side of the square input, in pixels.
        feature_map_shape: `(rows, columns, channels)` of the output.
        trainable_from: `"none"`, `"all"`, or a prefix of the name of the first trained
            layer; every layer before it is frozen.
    """

    image_size: int
    trainable_from: str

    @property
    def feature_map_shape(self) -> tuple[int, int, int]:
        """`(rows, columns, channels)` of the feature map."""
        return tuple(self.output.shape[1:])

    def set_trainable_from(self, trainable_from: str | None) -> None:
        """Train the named layer and those after it, and freeze those before.

        Args:
            trainable_from: `"none"` (or `None`), `"all"`, or a prefix of a layer's
                name such as `"block5"`.

        Raises:
            InputError: no layer's name has that prefix.
        """
        trainable_from = trainable_from or "none"
        layers = [layer for layer in self.layers if layer.weights]
        names = [layer.name for layer in layers]
        if trainable_from == "all":
            first = 0
        elif trainable_from == "none":
            first = len(layers)
        else:
            matches = [n.startswith(trainable_from) for n in names]
            if not any(matches):
                raise InputError(
                    "trainable_from must be 'none', 'all' or begin a layer's name",
                    f"Use one of {names}",
                    trainable_from=trainable_from,
                )
            first = matches.index(True)
        for index, layer in enumerate(layers):
            layer.trainable = index >= first
        self.trainable_from = trainable_from

    def resized(self, image_size: int) -> "ImageEncoder":
        """Return a copy with the same weights for images of another size.

        Args:
            image_size: side of the square input of the copy, in pixels.

        Raises:
            InputError: this encoder cannot have that size.
        """
        config = self.get_config() | {"image_size": image_size}
        with dtype_policy(self.dtype_policy):
            other = type(self).from_config(config)
        other.set_weights(self.get_weights())
        return other

    def split(self) -> tuple["ImageEncoder | None", keras.Model | None]:
        """Return the frozen and the trained layers as two models that share weights.

        The outputs of the first can be cached while the second is trained.

        Returns:
            `(frozen, trained)`: the first takes images, the second the outputs of the
            first. One that would have no weights is `None`.
        """
        chain = self.layers[1:]
        trained = [bool(layer.trainable_variables) for layer in chain]
        if not any(trained):
            return self, None
        first = trained.index(True)
        if not any(layer.weights for layer in chain[:first]):
            return None, self
        frozen = ImageEncoder(self.input, chain[first - 1].output, name="frozen")
        frozen.image_size = self.image_size
        inputs = keras.Input(frozen.feature_map_shape)
        x = inputs
        for layer in chain[first:]:
            x = layer(x)
        return frozen, keras.Model(inputs, x, name="trained")

    def fingerprint(self) -> str:
        """Return a digest of architecture and weights, 16 hexadecimal digits.

        Two encoders have the same one only if they compute the same features. A
        feature cache with another fingerprint is refused.
        """
        digest = hashlib.sha256(type(self).__name__.encode())
        digest.update(repr((self.image_size, self.output.shape)).encode())
        for variable in self.weights:
            # Presets keep float16: reloading must not change the digest.
            array = keras.ops.convert_to_numpy(variable)
            digest.update(array.astype(np.float16).tobytes())
        return digest.hexdigest()[:16]
