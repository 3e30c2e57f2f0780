import keras
import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import VGG16Encoder, array_files, build_encoder
from keras_imgdesc.vision.vgg16_weights import to_keras_vgg16


def photo(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (2, size, size, 3), np.uint8)


def keras_features(model: keras.Model, image: np.ndarray) -> np.ndarray:
    cut = keras.Model(model.input, model.get_layer("block5_conv3").output)
    pixels = keras.applications.vgg16.preprocess_input(image.astype("float32"))
    return keras.ops.convert_to_numpy(cut(pixels))


def test_the_feature_map_is_block5_conv3_at_a_sixteenth():
    encoder = VGG16Encoder(image_size=96, width=0.125)
    assert encoder.feature_map_shape == (6, 6, 64)
    assert encoder(photo(96)).shape == (2, 6, 6, 64)
    full = VGG16Encoder(image_size=224)
    assert full.feature_map_shape == (14, 14, 512)
    assert full.count_params() == 14_714_688  # VGG16 without top


def save_npz(model: keras.Model, path) -> None:
    variables = [(layer.name, v) for layer in model.layers for v in layer.weights]
    np.savez(path, **{f"{name}/{v.name}": np.array(v) for name, v in variables})


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5", ".npz"])
def test_keras_weights_give_the_features_of_keras(tmp_path, suffix):
    source = keras.applications.VGG16(include_top=False, weights=None)
    path = tmp_path / f"vgg16{suffix}"
    if suffix == ".weights.h5":
        source.save_weights(path)
    elif suffix == ".h5":
        source.save(path)  # the older format, which Keras downloads
    else:
        save_npz(source, path)
    encoder = VGG16Encoder(image_size=32, weights=str(path))
    image = photo(32)
    features = keras.ops.convert_to_numpy(encoder(image))
    expected = keras_features(source, image)
    # Close to zero, what counts is the error against the values that are added up.
    atol = 1e-5 * expected.std()
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=atol)
    assert features.std() > 0


def test_our_weights_load_into_keras_layer_for_layer():
    encoder = VGG16Encoder(image_size=32)  # from scratch: its input is scaled
    target = to_keras_vgg16(encoder)
    convolutions = [layer for layer in target.layers if layer.weights]
    assert len(convolutions) == 13
    image = photo(32)
    np.testing.assert_allclose(
        keras_features(target, image),
        keras.ops.convert_to_numpy(encoder(image)),
        rtol=1e-3,
        atol=1e-5,
    )


def test_from_scratch_the_map_starts_at_a_trainable_scale():
    encoder = VGG16Encoder(image_size=64, width=0.5)
    features = keras.ops.convert_to_numpy(encoder(photo(64)))
    assert 0.1 < features.std() < 10


@pytest.mark.parametrize(
    ("kwargs", "received"),
    [
        ({"image_size": 100}, "image_size=100"),
        ({"width": 0}, "width=0"),
        ({"weights": "no/such.h5"}, "no/such.h5"),
        ({"width": 0.125, "trainable_from": "block9"}, "block9"),
    ],
)
def test_bad_arguments_are_named(kwargs, received):
    with pytest.raises(InputError, match=received):
        VGG16Encoder(**{"image_size": 32} | kwargs)


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.h5"
    path.write_text("not weights")
    with pytest.raises(InputError, match="other.h5"):
        VGG16Encoder(image_size=32, weights=str(path))


def test_arrays_of_another_shape_are_refused(tmp_path):
    narrow = tmp_path / "narrow.npz"
    save_npz(VGG16Encoder(image_size=32, width=0.125), narrow)
    with pytest.raises(InputError, match=r"narrow\.npz.*\(3, 3, 3, 8\)"):
        VGG16Encoder(image_size=32, weights=str(narrow))


@pytest.mark.parametrize("values", [np.array(["a"]), np.ones(3, "complex64")])
def test_arrays_that_are_no_numbers_are_refused(tmp_path, values):
    path = tmp_path / "texts.npz"
    np.savez(path, **{"block1_conv1/kernel": values})
    with pytest.raises(InputError, match=r"must be numbers.*texts\.npz.*block1_conv1"):
        VGG16Encoder(image_size=32, weights=str(path))


def test_an_archive_that_becomes_too_large_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "zeros.npz"
    np.savez_compressed(path, **{"block1_conv1/kernel": np.zeros(1 << 20)})
    assert path.stat().st_size < 1 << 16
    monkeypatch.setattr(array_files, "_MOST_BYTES", 1 << 20)
    with pytest.raises(InputError, match=r"zeros\.npz|more than"):
        VGG16Encoder(image_size=32, weights=str(path))


def test_arrays_of_vgg19_are_refused(tmp_path):
    path = tmp_path / "vgg19.npz"
    save_npz(keras.applications.VGG19(include_top=False, weights=None), path)
    with pytest.raises(InputError, match=r"arrays of VGG16.*has 'block3_conv4/"):
        VGG16Encoder(image_size=32, weights=str(path))


@pytest.mark.parametrize("suffix", [".weights.h5", ".npz"])
def test_weights_that_are_not_finite_are_refused(tmp_path, suffix):
    source = keras.applications.VGG16(include_top=False, weights=None)
    bias = source.get_layer("block2_conv1").bias
    bias.assign(bias + np.nan)
    path = tmp_path / f"diverged{suffix}"
    save_npz(source, path) if suffix == ".npz" else source.save_weights(path)
    with pytest.raises(InputError, match=r"finite.*diverged.*block2_conv1/bias"):
        VGG16Encoder(image_size=32, weights=str(path))


def test_weights_that_cannot_be_downloaded_are_refused(monkeypatch):
    def offline(**kwargs):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "VGG16", offline)
    monkeypatch.setattr(keras.applications, "MobileNet", offline)
    for name in ("vgg16", "mobilenet"):
        with pytest.raises(InputError, match="URL fetch failure.*Go online"):
            build_encoder(name, weights="imagenet")
