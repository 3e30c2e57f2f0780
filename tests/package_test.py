import subprocess
import sys

import pytest

import keras_imgdesc


def test_every_public_name_exists():
    for name in keras_imgdesc.__all__:
        assert getattr(keras_imgdesc, name) is not None
    assert set(keras_imgdesc.__all__) <= set(dir(keras_imgdesc))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Painter"):
        keras_imgdesc.Painter  # noqa: B018


def test_a_name_that_needs_tensorflow_says_so_without_it():
    code = """
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
import keras_imgdesc
keras_imgdesc.load_image, keras_imgdesc.list_presets, keras_imgdesc.Caption
keras_imgdesc.ImageCaptioner
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert "InputError: keras_imgdesc.ImageCaptioner needs TensorFlow" in last
