"""The contract of image encoders: what each must do, checked on a toy."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import ImageEncoder


class EncoderContract:
    """Checks of an encoder class with toy options; `run` makes them all.

    Args:
        encoder_class: subclass of `ImageEncoder`.
        options: arguments that make it small.
        image_size: a small size that it can have; twice as much is one, too.
    """

    def __init__(
        self,
        encoder_class: type[ImageEncoder],
        options: dict[str, Any],
        image_size: int = 32,
    ) -> None:
        self.encoder_class, self.options = encoder_class, options
        self.image_size = image_size
        shape = (3, image_size, image_size, 3)
        self.images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        self.encoder = self.build()
        self.features = features_of(self.encoder, self.images)
        self.layers = [layer for layer in self.encoder.layers if layer.weights]

    def build(self, **changes: Any) -> ImageEncoder:
        keras.utils.set_random_seed(0)
        options = {"image_size": self.image_size} | self.options | changes
        encoder = self.encoder_class(**options)
        chance = np.random.default_rng(1)
        for variable in encoder.weights:
            # Biases too, so that none can be forgotten; features of unit scale.
            scale = 0.01
            if len(variable.shape) == 4:
                rows, columns, inputs, outputs = variable.shape
                depthwise = outputs == 1
                scale = (2 / (rows * columns * (1 if depthwise else inputs))) ** 0.5
            variable.assign(chance.normal(scale=scale, size=variable.shape))
        return encoder

    def run(self, tmp_path: Any) -> None:
        self.attributes_are_those_of_the_map()
        self.pixels_may_be_integers_or_floats()
        self.images_do_not_mix()
        self.saving_keeps_every_number(tmp_path)
        self.the_fingerprint_tells_weights_apart()
        self.training_starts_at_the_named_layer()
        self.the_split_parts_make_up_the_encoder()
        self.training_reaches_every_weight()
        self.another_size_has_the_same_weights()
        self.mixed_bfloat16_is_close()
        self.bad_arguments_are_refused()
        if keras.backend.backend() == "tensorflow":
            self.exports_give_the_same_numbers(tmp_path)

    def attributes_are_those_of_the_map(self) -> None:
        assert self.encoder.image_size == self.image_size
        assert self.features.shape == (3, *self.encoder.feature_map_shape)
        assert self.features.dtype == np.float32
        assert self.encoder.trainable_from == "all"

    def pixels_may_be_integers_or_floats(self) -> None:
        got = features_of(self.encoder, self.images.astype("float32"))
        np.testing.assert_array_equal(got, self.features)

    def images_do_not_mix(self) -> None:
        alone = features_of(self.encoder, self.images[1:2])
        np.testing.assert_allclose(alone, self.features[1:2], rtol=1e-4, atol=1e-5)
        assert np.abs(self.features[0] - self.features[1]).max() > 1e-3

    def saving_keeps_every_number(self, tmp_path: Any) -> None:
        encoder = self.build(trainable_from=self.layers[-1].name)
        again = self.encoder_class.from_config(encoder.get_config())
        assert [w.path for w in again.weights] == [w.path for w in encoder.weights]
        again.set_weights(encoder.get_weights())
        encoder.save(tmp_path / "encoder.keras")
        loaded = keras.models.load_model(tmp_path / "encoder.keras")
        for other in (again, loaded):
            assert other.get_config() == encoder.get_config()
            assert other.trainable_from == self.layers[-1].name
            assert other.fingerprint() == encoder.fingerprint()
            np.testing.assert_array_equal(
                features_of(other, self.images), self.features
            )

    def the_fingerprint_tells_weights_apart(self) -> None:
        other = self.build()
        assert other.fingerprint() == self.encoder.fingerprint()
        other.weights[-1].assign(other.weights[-1] + 1)
        assert other.fingerprint() != self.encoder.fingerprint()

    def training_starts_at_the_named_layer(self) -> None:
        encoder = self.build()
        names = [layer.name for layer in self.layers]
        for first, name in enumerate(names):
            encoder.set_trainable_from(name)
            trained = [v.path for v in encoder.trainable_variables]
            expected = [w.path for layer in self.layers[first:] for w in layer.weights]
            assert trained == expected
        encoder.set_trainable_from("none")
        assert not encoder.trainable_variables
        encoder.set_trainable_from("all")
        assert len(encoder.trainable_variables) == len(encoder.weights)
        with pytest.raises(InputError, match=names[-1]):
            encoder.set_trainable_from("no_such_layer")

    def the_split_parts_make_up_the_encoder(self) -> None:
        encoder = self.build()
        for first in {1, len(self.layers) // 2, len(self.layers) - 1}:
            encoder.set_trainable_from(self.layers[first].name)
            frozen, trained = encoder.split()
            assert frozen.weights and not frozen.trainable_variables
            assert frozen.image_size == encoder.image_size
            paths = [v.path for v in encoder.trainable_variables]
            assert [v.path for v in trained.trainable_variables] == paths
            maps = frozen(self.images)
            assert maps.shape[1:] == frozen.feature_map_shape
            together = ops.convert_to_numpy(trained(maps))
            np.testing.assert_allclose(together, self.features, rtol=1e-5, atol=1e-6)
        encoder.set_trainable_from("all")
        assert encoder.split() == (None, encoder)
        encoder.set_trainable_from("none")
        assert encoder.split() == (encoder, None)

    def training_reaches_every_weight(self) -> None:
        encoder = self.build()
        before = encoder.get_weights()
        encoder.compile(keras.optimizers.SGD(1e-3), "mse", run_eagerly=True)
        # Keras warns of a weight without a gradient: an error in these tests.
        loss = encoder.train_on_batch(self.images, self.features + 1.0)
        assert np.isfinite(loss)
        moved = [
            (old != new).any()
            for old, new in zip(before, encoder.get_weights(), strict=True)
        ]
        assert all(moved)

    def another_size_has_the_same_weights(self) -> None:
        encoder = self.build(trainable_from=self.layers[-1].name)
        larger = encoder.resized(2 * self.image_size)
        rows, columns, channels = encoder.feature_map_shape
        assert larger.feature_map_shape == (2 * rows, 2 * columns, channels)
        assert larger.trainable_from == encoder.trainable_from
        for one, other in zip(encoder.weights, larger.weights, strict=True):
            np.testing.assert_array_equal(one, other)
        # It is a copy: training one leaves the other as it is.
        larger.trainable_variables[0].assign(larger.trainable_variables[0] + 1)
        np.testing.assert_array_equal(features_of(encoder, self.images), self.features)

    def mixed_bfloat16_is_close(self) -> None:
        with dtype_policy("mixed_bfloat16"):
            mixed = self.build()
        inner = [layer for layer in mixed.layers if layer.weights]
        assert {layer.compute_dtype for layer in inner} == {"bfloat16"}
        assert {variable.dtype for variable in mixed.weights} == {"float32"}
        got = ops.convert_to_numpy(ops.cast(mixed(self.images), "float32"))
        scale = np.abs(self.features).max()
        np.testing.assert_allclose(got, self.features, atol=0.05 * scale)

    def bad_arguments_are_refused(self) -> None:
        with pytest.raises(InputError, match="image_size=0"):
            self.build(image_size=0)
        with pytest.raises(InputError, match=r"trainable_form.*trainable_from"):
            self.build(trainable_form="none")
        with pytest.raises(InputError, match=r"no/such\.h5"):
            self.build(weights="no/such.h5")

    def exports_give_the_same_numbers(self, tmp_path: Any) -> None:
        """SavedModel, and TFLite with built-in operations only."""
        import tensorflow as tf
        from ai_edge_litert.interpreter import Interpreter

        archive = keras.export.ExportArchive()
        archive.track(self.encoder)
        spec = tf.TensorSpec((1, *self.images.shape[1:]), tf.uint8, name="image")
        archive.add_endpoint(
            "encode",
            lambda image: {"feature_map": self.encoder(image, training=False)},
            input_signature=[spec],
        )
        archive.write_out(str(tmp_path / "saved"), verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            str(tmp_path / "saved"), signature_keys=["encode"]
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        interpreter = Interpreter(model_content=converter.convert())
        saved = tf.saved_model.load(str(tmp_path / "saved")).signatures["encode"]
        lite = interpreter.get_signature_runner("encode")
        for index, expected in enumerate(self.features):
            image = self.images[index : index + 1]
            for got, tolerance in (
                (saved(image=tf.constant(image)), 1e-4),
                (lite(image=image), 1e-3),
            ):
                np.testing.assert_allclose(
                    got["feature_map"][0], expected, rtol=tolerance, atol=tolerance
                )


def features_of(encoder: ImageEncoder, images: np.ndarray) -> np.ndarray:
    """Return the feature maps of images as an array."""
    return ops.convert_to_numpy(encoder(images, training=False))


@pytest.fixture
def run_encoder_contract(tmp_path) -> Callable[..., None]:
    """Check all that is expected of an encoder: `(encoder_class, **toy_options)`."""

    def run(encoder_class: type[ImageEncoder], **options: Any) -> None:
        EncoderContract(encoder_class, options).run(tmp_path)

    return run
