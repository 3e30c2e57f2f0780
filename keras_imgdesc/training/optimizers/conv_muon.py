"""Muon for convolutions."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class ConvMuon(keras.optimizers.Muon):
    """Muon that also orthogonalises the updates of convolution kernels.

    Keras' Muon uses Adam for every variable that is not a matrix, which would be all
    of VGG16. Here a kernel `(rows, columns, inputs, outputs)` is treated as the matrix
    `(rows * columns * inputs, outputs)`. Kernels applied to the image itself (three
    inputs) and biases are updated by Adam.

    The Newton-Schulz iteration runs in the compute dtype of the global policy, which
    may be bfloat16: it only has to bring the singular values close to one.

    Args:
        *args, **kwargs: arguments of `keras.optimizers.Muon`.

    Reference:
        Jordan et al., "Muon: an optimizer for hidden layers in neural networks",
        https://kellerjordan.github.io/posts/muon/
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.compute_dtype = keras.config.dtype_policy().compute_dtype

    def _should_use_adamw(self, variable):
        shape = variable.shape
        return len(shape) != 4 or shape[2] <= 3

    def _muon_update_step(self, gradient, variable, lr, m):
        gradient = ops.cast(gradient, m.dtype)
        self.assign_add(m, gradient + m * (self.momentum - 1))
        update = gradient + self.momentum * m if self.nesterov else m
        outputs = variable.shape[-1]
        inputs = variable.shape[0] * variable.shape[1] * variable.shape[2]
        # With the wide side last, the products below are (outputs, outputs).
        matrix = ops.transpose(ops.reshape(update, (inputs, outputs)))
        matrix = self._orthogonalise(matrix)
        update = ops.reshape(ops.transpose(matrix), variable.shape)
        rate = 0.2 if self.rms_rate is None else self.rms_rate
        size = float(max(inputs, outputs)) ** 0.5
        self.assign_sub(variable, lr * rate * size * ops.cast(update, variable.dtype))

    def _orthogonalise(self, matrix):
        norm = ops.sqrt(ops.sum(ops.square(ops.cast(matrix, "float32"))))
        x = ops.cast(matrix / (norm + self.epsilon), self.compute_dtype)
        for _ in range(self.ns_steps):
            a = ops.matmul(x, ops.transpose(x))
            b = self.muon_b * a + self.muon_c * ops.matmul(a, a)
            x = self.muon_a * x + ops.matmul(b, x)
        return ops.cast(x, "float32")
