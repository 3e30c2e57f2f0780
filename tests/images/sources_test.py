import io

import jax.numpy as jnp
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images import iterate_images, load_image, read_images
from keras_imgdesc.images.inputs import fitting_batch_size, is_single


class Pixels:
    """An object that NumPy can convert, and nothing else."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self.values


class Pipe(io.RawIOBase):
    """A file object without positions."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def seek(self, *args) -> int:
        raise io.UnsupportedOperation("seek")

    def read(self, size: int = -1) -> bytes:
        content, self.content = self.content, b""
        return content


@pytest.fixture
def path(toy_image, save_image):
    return save_image("a.png", toy_image)


@pytest.fixture
def content(path) -> bytes:
    return path.read_bytes()


def test_a_file_object_is_read_from_its_start_and_stays_open(path, content, toy_image):
    memory = io.BytesIO(content)
    memory.seek(9)
    with open(path, "rb") as opened, path.open("rb", buffering=0) as unbuffered:
        for file in (memory, opened, unbuffered, Pipe(content)):
            assert is_single(file)
            np.testing.assert_array_equal(load_image(file), toy_image)
            assert not file.closed


def test_one_file_object_may_be_read_by_several_threads(content, toy_image):
    files = [io.BytesIO(content)] * 20
    for _, image in read_images(files, (30, 40), workers=4):
        np.testing.assert_array_equal(image, toy_image)


def test_a_file_object_that_cannot_be_read_is_named(path, content):
    closed = io.BytesIO(content)
    closed.close()
    with open(path) as as_text:
        for file, name in {closed: "BytesIO", as_text: path.name}.items():
            with pytest.raises(ImageError, match="in binary mode.*'rb'") as caught:
                load_image(file)
            assert name in str(caught.value)
    with pytest.raises(ImageError, match="in binary mode.*read='str'"):
        load_image(io.StringIO("text"))
    with pytest.raises(ImageError, match="must be a JPEG.*image='BytesIO'"):
        load_image(io.BytesIO(b"not an image"))


@pytest.mark.parametrize(
    "convert", [tf.constant, tf.Variable, keras.Variable, jnp.asarray, Pixels]
)
def test_what_numpy_can_convert_is_an_array(convert, toy_image):
    image, batch = toy_image, np.stack([toy_image] * 3)
    dtype = {"dtype": "uint8"} if convert is keras.Variable else {}
    one, several = convert(image, **dtype), convert(batch, **dtype)
    assert is_single(one) and not is_single(several)
    np.testing.assert_array_equal(load_image(one), image)
    found = [load_image(source) for source in iterate_images(several)]
    np.testing.assert_array_equal(found, batch)


@pytest.mark.parametrize("kind", ["U", "S", "O"])
def test_arrays_of_paths(kind, path):
    names = np.array([str(path), str(path)]).astype(kind)
    assert not is_single(names) and fitting_batch_size(names, 32) == 2
    assert list(iterate_images(names)) == [str(path)] * 2
    assert is_single(names[0]) or kind == "O"
    scalar = names[:1].reshape(())
    assert is_single(scalar)
    assert load_image(scalar).shape == (30, 40, 3)


def test_tensors_of_paths_and_of_contents(path, content, toy_image):
    files = [str(path).encode(), content]
    for one in files:
        assert is_single(tf.constant(one))
        np.testing.assert_array_equal(load_image(tf.constant(one)), toy_image)
    for several in (tf.constant(files), tf.data.Dataset.from_tensor_slices(files)):
        assert not is_single(several)
        for image in iterate_images(several):
            np.testing.assert_array_equal(load_image(image), toy_image)
    with pytest.raises(ImageError, match="is empty"):
        load_image(tf.constant(b""))


def test_an_array_of_images_of_any_kind(path, toy_image):
    several = np.empty(3, object)
    several[:] = [toy_image, Image.fromarray(toy_image), path]
    for image in iterate_images(several):
        np.testing.assert_array_equal(load_image(image), toy_image)


def test_a_tensor_without_values_is_named():
    refused = []

    @tf.function(autograph=False)
    def load(image: tf.Tensor) -> tf.Tensor:
        with pytest.raises(ImageError, match="must have values") as caught:
            load_image(image)
        refused.append(str(caught.value))
        return image

    load(tf.zeros((4, 4, 3), tf.uint8))
    assert "uint8" in refused[0] and "(4, 4, 3)" in refused[0]
    with pytest.raises(ImageError, match="KerasTensor"):
        load_image(keras.Input((4, 4, 3)))


def test_memory_is_one_image(content, toy_image):
    for source in (bytearray(content), memoryview(content)):
        (one,) = iterate_images(source)
        np.testing.assert_array_equal(load_image(one), toy_image)
