import keras
import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import VGG16Encoder, build_encoder
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


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5"])
def test_keras_weights_give_the_features_of_keras(tmp_path, suffix):
    source = keras.applications.VGG16(include_top=False, weights=None)
    path = tmp_path / f"vgg16{suffix}"
    # Keras' download is in the older format, which only `save` still writes.
    source.save_weights(path) if suffix == ".weights.h5" else source.save(path)
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


def test_fine_tuning_starts_where_it_is_told():
    encoder = VGG16Encoder(image_size=32, width=0.125, trainable_from="block5")
    trained = {v.path.split("/")[-2] for v in encoder.trainable_variables}
    assert trained == {"block5_conv1", "block5_conv2", "block5_conv3"}
    encoder.set_trainable_from("none")
    assert not encoder.trainable_variables
    encoder.set_trainable_from("all")
    assert len(encoder.trainable_variables) == 26


def test_configuration_rebuilds_the_same_encoder():
    encoder = VGG16Encoder(image_size=32, width=0.25, trainable_from="block4")
    again = VGG16Encoder.from_config(encoder.get_config())
    again.set_weights(encoder.get_weights())
    assert again.get_config() == encoder.get_config()
    assert again.fingerprint() == encoder.fingerprint()
    np.testing.assert_array_equal(again(photo(32)), encoder(photo(32)))


def test_other_weights_have_another_fingerprint():
    encoder = VGG16Encoder(image_size=32, width=0.125)
    before = encoder.fingerprint()
    kernel = encoder.get_layer("block3_conv1").kernel
    kernel.assign(kernel * 1.01)
    assert encoder.fingerprint() != before


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


def test_an_unknown_encoder_is_refused():
    with pytest.raises(InputError, match="resnet"):
        build_encoder("resnet")


def test_the_frozen_and_the_trained_layers_make_up_the_encoder():
    encoder = VGG16Encoder(image_size=32, width=0.125, trainable_from="block5")
    frozen, trained = encoder.split()
    assert frozen.feature_map_shape == (2, 2, 64)  # after block4's pooling
    assert len(trained.trainable_variables) == 6
    np.testing.assert_allclose(
        trained(frozen(photo(32))), encoder(photo(32)), rtol=1e-5, atol=1e-6
    )
    encoder.set_trainable_from("all")
    assert encoder.split() == (None, encoder)
    encoder.set_trainable_from("none")
    assert encoder.split() == (encoder, None)


def test_pictures_of_another_size_are_seen_through_the_same_weights():
    encoder = VGG16Encoder(image_size=32, width=0.125, trainable_from="block5")
    larger = encoder.resized(64)
    assert larger.feature_map_shape == (4, 4, 64)
    assert larger.trainable_from == "block5"
    for one, other in zip(encoder.get_weights(), larger.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    larger.trainable_variables[0].assign(larger.trainable_variables[0] + 1)
    assert encoder.fingerprint() == encoder.resized(32).fingerprint()


def test_misspelt_options_are_refused():
    with pytest.raises(InputError, match=r"trainable_form.*trainable_from"):
        build_encoder("vgg16", image_size=32, trainable_form="none")


def test_weights_that_cannot_be_downloaded_are_told(monkeypatch):
    def offline(**kwargs):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "VGG16", offline)
    monkeypatch.setattr(keras.applications, "MobileNet", offline)
    for name in ("vgg16", "mobilenet"):
        with pytest.raises(InputError, match="URL fetch failure.*Go online"):
            build_encoder(name, weights="imagenet")
