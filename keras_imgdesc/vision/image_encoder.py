"""The base of the image encoders."""

import hashlib
from typing import Any

import keras
import numpy as np
from keras import tree

from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.errors import InputError


class ImageEncoder(keras.Model):
    """Base of the image encoders: an image in, a feature map out.

    A functional Keras model with the preprocessing inside; layers may be skipped, as in
    residual blocks, and each layer is called once, with tensors only. Input:
    `image`, uint8 or float in [0, 255], RGB, of shape `(batch, image_size, image_size,
    3)`. Output: the feature map, of shape `(batch, rows, columns, channels)`.

    A subclass takes `image_size`, `weights`, `trainable_from` and `name`, calls
    `super().__init__(inputs=..., outputs=..., name=name)`, sets `image_size` and calls
    `set_trainable_from`; `get_config` returns all arguments except `weights`. To
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

        The outputs of the first can be cached while the second is trained. The cut is
        the last place before the first trained layer through which a single tensor
        passes: where that layer is inside a residual block, the frozen layers of the
        block belong to the second model.

        Returns:
            `(frozen, trained)`: the first takes images, the second the outputs of the
            first. One that would have no weights is `None`.
        """
        # Operations are in the order of computation, and include those that are no
        # layers. The first one is the input.
        steps = self.operations[1:]
        trained = [bool(_variables(step, "trainable_variables")) for step in steps]
        if not any(trained):
            return self, None
        cut = trained.index(True)
        while len(passing := _passing(steps[cut:])) > 1:
            cut -= 1
        if not any(_variables(step, "weights") for step in steps[:cut]):
            return None, self
        (passed,) = passing.values()
        frozen = ImageEncoder(self.input, passed, name="frozen")
        frozen.image_size = self.image_size
        inputs = keras.Input(frozen.feature_map_shape)
        values = {id(passed): inputs}
        for step in steps[cut:]:
            arguments = tree.map_structure(lambda t: values[id(t)], step.input)
            values[id(step.output)] = step(arguments)
        return frozen, keras.Model(inputs, values[id(self.output)], name="trained")

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


def _variables(step: Any, kind: str) -> list[Any]:
    """Return the variables of a layer; an operation that is no layer has none."""
    return getattr(step, kind, [])


def _passing(steps: list[Any]) -> dict[int, Any]:
    """Return the tensors that operations take from others before them, by identity."""
    made = {id(step.output) for step in steps}
    taken = {id(t): t for step in steps for t in tree.flatten(step.input)}
    return {key: tensor for key, tensor in taken.items() if key not in made}
