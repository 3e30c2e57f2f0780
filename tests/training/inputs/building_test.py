import pytest
import tensorflow as tf

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.captioner.build import build_captioner
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.inputs.building import building


@pytest.mark.parametrize(
    "error",
    [ValueError("units\nmore"), TypeError("units"), MemoryError(), KeyError("units")]
    + [tf.errors.ResourceExhaustedError(None, None, "units")],
)
def test_an_error_of_keras_names_the_recipe(error):
    expected = pytest.raises(InputError, match="of a recipe.*a toy.*Received: reason")
    with expected, building("toy"):
        raise error


def test_an_error_of_the_package_is_passed_on():
    with pytest.raises(InputError, match="^Rule. Remedy.$"), building("toy"):
        raise InputError("Rule", "Remedy")


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("decoder_options", "embedding_dim", 1.5),
        ("decoder_options", "hidden_dim", -1),
        ("decoder_options", "dropout", "x"),
        ("encoder_options", "image_size", None),
        ("encoder_options", "width", "x"),
    ],
)
def test_a_value_that_no_layer_takes_names_the_recipe(field, name, value):
    options = {"encoder_options": {"image_size": 32, "width": 0.0625}}
    options[field] = options.get(field, {}) | {name: value}
    images = CaptionCollection([CaptionedImage("0", "0.png", ("a dog",))])
    with pytest.raises(InputError):
        build_captioner(CaptionRecipe(min_count=1, **options), images)
