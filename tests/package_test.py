import pytest

import keras_imgdesc


def test_every_public_name_exists():
    for name in keras_imgdesc.__all__:
        assert getattr(keras_imgdesc, name) is not None
    assert set(keras_imgdesc.__all__) <= set(dir(keras_imgdesc))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Painter"):
        keras_imgdesc.Painter  # noqa: B018
