"""Layers under spectral normalization."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

FIRST_ITERATIONS = 10


class _Spectral:
    """Divide the kernel by its largest singular value, found by power iteration.

    Each training call does one iteration and starts from the vector of the call before.

    Reference:
        Miyato et al., "Spectral Normalization for Generative Adversarial Networks",
        https://arxiv.org/abs/1802.05957
    """

    kernel: Any

    def _add_vector(self) -> None:
        self.vector = self.add_weight(  # type: ignore[attr-defined]
            shape=(1, self.kernel.shape[-1]),
            initializer="random_normal",
            trainable=False,
            autocast=False,
            dtype="float32",
            name="vector",
        )
        # With an inaccurate vector the scores of the first batches would be huge.
        kernel = ops.convert_to_numpy(self.kernel)
        matrix = kernel.astype("float32").reshape(-1, kernel.shape[-1])
        right = ops.convert_to_numpy(self.vector)
        for _ in range(FIRST_ITERATIONS):
            right = right @ matrix.T @ matrix
            right /= max(float(np.linalg.norm(right)), 1e-12)
        self.vector.assign(right)

    def _normalized(self, training: bool) -> Any:
        kernel = ops.convert_to_tensor(self.kernel.value, dtype="float32")
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        right = self.vector.value
        left = _unit(ops.matmul(right, ops.transpose(matrix)))
        if training:
            right = _unit(ops.matmul(left, matrix))
            left = _unit(ops.matmul(right, ops.transpose(matrix)))
            self.vector.assign(ops.stop_gradient(right))
        # Treat the vectors as constants: only the kernel has gradients.
        left, right = ops.stop_gradient(left), ops.stop_gradient(right)
        largest = ops.sum(ops.matmul(left, matrix) * right)
        return kernel / ops.maximum(largest, 1e-6)


@keras.saving.register_keras_serializable("keras_imgdesc")
class SpectralConv2D(_Spectral, keras.layers.Conv2D):
    """`keras.layers.Conv2D` under spectral normalization.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting.layers.spectral_layers import SpectralConv2D
    >>> tuple(SpectralConv2D(4, 3)(np.ones((1, 8, 8, 2), "float32")).shape)
    (1, 6, 6, 4)
    """

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self._add_vector()

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        kernel = ops.cast(self._normalized(bool(training)), self.compute_dtype)
        found = self.convolution_op(inputs, kernel)
        return found + ops.cast(self.bias, found.dtype) if self.use_bias else found


@keras.saving.register_keras_serializable("keras_imgdesc")
class SpectralDense(_Spectral, keras.layers.Dense):
    """`keras.layers.Dense` under spectral normalization.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting.layers.spectral_layers import SpectralDense
    >>> tuple(SpectralDense(4)(np.ones((1, 8), "float32")).shape)
    (1, 4)
    """

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self._add_vector()

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        kernel = ops.cast(self._normalized(bool(training)), self.compute_dtype)
        found = ops.matmul(inputs, kernel)
        return found + ops.cast(self.bias, found.dtype) if self.use_bias else found


def _unit(vector: Any) -> Any:
    return vector * ops.rsqrt(ops.maximum(ops.sum(ops.square(vector)), 1e-12))
