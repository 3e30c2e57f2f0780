"""The head of a classifier: f(I) = softmax(W R(I) + b)."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.sizes import VocabularySize


@keras.saving.register_keras_serializable("keras_imgdesc")
class ClassificationHead(keras.layers.Layer):
    """Logits of a feature map, (W R(I) + b) / T; their softmax is f(I).

    R(I) is the mean of the feature map over its locations. Computed in float32 under
    every policy. The temperature T is a weight that training leaves alone: it changes
    the confidence, not the order of the classes.

    Args:
        num_classes: number of classes.
        feature_dim: channels of the feature map.
        name: name of the layer.

    Call arguments:
        feature_map: float (batch, rows, columns, channels), or (batch, locations,
            channels).

    Returns:
        Logits, float32 (batch, num_classes).

    Raises:
        InputError: there are no classes or no channels.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.vision import ClassificationHead
    >>> head = ClassificationHead.from_arrays(np.eye(2), np.zeros(2))
    >>> feature_map = np.array([[[[4.0, 0.0], [0.0, 0.0]]]])  # its mean is 2, 0
    >>> [round(float(p), 2) for p in head.probabilities(feature_map)[0]]
    [0.88, 0.12]

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks",
        https://arxiv.org/abs/1706.04599 (the temperature)
    """

    def __init__(
        self,
        num_classes: VocabularySize,
        feature_dim: int,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        # In bfloat16 the probabilities of 1,000 classes would have two digits.
        super().__init__(name=name, **kwargs | {"dtype": "float32"})
        if num_classes < 1 or feature_dim < 1:
            raise InputError(
                "A head must have at least one class and one channel",
                "Give the numbers of classes and of channels of the feature map",
                num_classes=num_classes,
                feature_dim=feature_dim,
            )

        # === Layers ===
        self.dense = keras.layers.Dense(num_classes, dtype="float32", name="dense")

        # === Config ===
        self.num_classes = num_classes
        self.feature_dim = feature_dim
        self.build((None, None, None, feature_dim))

    def build(self, input_shape: tuple) -> None:
        self.dense.build((None, self.feature_dim))
        self.log_temperature = self.add_weight(
            shape=(), initializer="zeros", trainable=False, name="log_temperature"
        )

    @classmethod
    def from_arrays(cls, kernel: np.ndarray, bias: np.ndarray) -> "ClassificationHead":
        """Build a head of temperature 1 from W and b.

        Args:
            kernel: W, float (channels, classes).
            bias: b, float (classes,).
        """
        feature_dim, num_classes = kernel.shape
        head = cls(num_classes, feature_dim)
        head.dense.set_weights([kernel.astype("float32"), bias.astype("float32")])
        return head

    @property
    def temperature(self) -> float:
        """T; above 1 where the logits were too confident."""
        return float(np.exp(ops.convert_to_numpy(self.log_temperature)))

    @temperature.setter
    def temperature(self, value: float) -> None:
        if not 0 < value < float("inf"):
            raise InputError(
                "temperature must be above 0 and finite",
                "Use 1 to leave the probabilities as they were trained",
                temperature=value,
            )
        self.log_temperature.assign(float(np.log(value)))

    def pool(self, feature_map: Any) -> Any:
        """Return R(I), the mean over the locations: float32 (batch, channels)."""
        feature_map = ops.cast(feature_map, "float32")
        locations = tuple(range(1, len(feature_map.shape) - 1))
        return ops.mean(feature_map, axis=locations)

    def call(self, feature_map: Any) -> Any:
        return self.dense(self.pool(feature_map)) / ops.exp(self.log_temperature)

    def probabilities(self, feature_map: Any) -> Any:
        """Return f(I): float32 (batch, num_classes), each row with sum 1."""
        return ops.softmax(self(feature_map), axis=-1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.num_classes)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "num_classes": self.num_classes,
            "feature_dim": self.feature_dim,
        }
