import keras
import numpy as np

from keras_imgdesc.training.optimizers.conv_muon import ConvMuon


def updated(shape: tuple[int, ...], gradient: np.ndarray) -> np.ndarray:
    variable = keras.Variable(np.zeros(shape, "float32"))
    optimizer = ConvMuon(0.1, weight_decay=None, adam_weight_decay=0.0)
    optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    return keras.ops.convert_to_numpy(variable)


def test_the_update_of_a_kernel_has_singular_values_near_one():
    gradient = np.random.default_rng(0).normal(size=(3, 3, 8, 16)).astype("float32")
    step = -updated((3, 3, 8, 16), gradient) / (0.1 * 0.2 * 72**0.5)
    values = np.linalg.svd(step.reshape(72, 16), compute_uv=False)
    assert values.min() > 0.5 and values.max() < 1.3


def test_an_ill_conditioned_gradient_is_evened_out():
    generator = np.random.default_rng(0)
    u, _ = np.linalg.qr(generator.normal(size=(72, 16)))
    v, _ = np.linalg.qr(generator.normal(size=(16, 16)))
    gradient = (u * np.geomspace(1, 0.1, 16)) @ v.T
    step = -updated((3, 3, 8, 16), gradient.reshape(3, 3, 8, 16).astype("float32"))
    values = np.linalg.svd(step.reshape(72, 16), compute_uv=False)
    assert values.max() / values.min() < 2.5


def test_kernels_on_the_image_and_biases_are_updated_by_adam():
    for shape in ((3, 3, 3, 16), (16,)):
        gradient = np.random.default_rng(0).normal(size=shape).astype("float32")
        step = updated(shape, gradient)
        # Adam's first step has the learning rate's size wherever the gradient points.
        np.testing.assert_allclose(step, -0.1 * np.sign(gradient), rtol=1e-3)
