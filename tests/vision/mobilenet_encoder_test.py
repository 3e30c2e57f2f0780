import keras
import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import MobileNetEncoder


@pytest.fixture(scope="module")
def trained() -> keras.Model:
    """A MobileNet whose normalisation is far from the identity."""
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=(224, 224, 3)
    )
    generator = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            size = layer.gamma.shape[0]
            layer.gamma.assign(generator.uniform(0.5, 2, size))
            layer.beta.assign(generator.normal(0.5, 0.5, size))
            layer.moving_mean.assign(generator.normal(0, 0.1, size))
            layer.moving_variance.assign(generator.uniform(0.05, 0.5, size))
    return model


def features_of(model: keras.Model, layer: str, image: np.ndarray) -> np.ndarray:
    cut = keras.Model(model.input, model.get_layer(layer).output)
    return keras.ops.convert_to_numpy(cut(image / 127.5 - 1.0))


def save(model: keras.Model, path) -> str:
    if path.suffix == ".npz":
        np.savez(
            path,
            **{
                f"{layer.name}/{v.name}": keras.ops.convert_to_numpy(v)
                for layer in model.layers
                for v in layer.weights
            },
        )
    elif path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        model.save(path)  # the older format, which Keras still reads
    return str(path)


@pytest.mark.parametrize("file", ["w.npz", "w.weights.h5", "w.h5"])
def test_folded_weights_give_the_features_of_keras(tmp_path, trained, file):
    path = save(trained, tmp_path / file)
    encoder = MobileNetEncoder(weights=path, feature_layer="conv_pw_12")
    image = np.random.default_rng(1).integers(0, 256, (1, 224, 224, 3), np.uint8)
    expected = features_of(trained, "conv_pw_12_relu", image.astype("float32"))
    given = keras.ops.convert_to_numpy(encoder(image))
    assert given.shape == (1, 7, 7, 1024)
    assert expected.std() > 0.1
    np.testing.assert_allclose(given, expected, atol=2e-3)
    assert not any("bn" in layer.name for layer in encoder.layers)


def test_missing_arrays_are_named(tmp_path, trained):
    path = tmp_path / "w.npz"
    save(trained, path)
    with np.load(path) as archive:
        kept = {k: v for k, v in archive.items() if "conv_pw_12" not in k}
    np.savez(path, **kept)
    with pytest.raises(InputError, match="conv_pw_12"):
        MobileNetEncoder(weights=str(path))
    assert MobileNetEncoder(weights=str(path), feature_layer="conv_pw_11")


def test_weights_that_are_not_finite_are_refused(tmp_path, trained):
    path = tmp_path / "diverged.npz"
    save(trained, path)
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["conv_dw_3_bn/gamma"][2] = np.inf
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=r"finite.*diverged.*conv_dw_3_bn/gamma"):
        MobileNetEncoder(weights=str(path))


@pytest.mark.parametrize(
    ("kwargs", "received"),
    [
        ({"feature_layer": "conv_pw_14"}, "conv_pw_14"),
        ({"image_size": 48}, "image_size=48"),
        ({"weights": "nowhere.npz"}, "nowhere.npz"),
    ],
)
def test_bad_arguments_are_named(kwargs, received):
    with pytest.raises(InputError, match=received):
        MobileNetEncoder(**kwargs)
