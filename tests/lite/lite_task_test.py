import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite import LiteCaptioner


def test_what_litert_lacks_is_named():
    captioner = LiteCaptioner.__new__(LiteCaptioner)
    with pytest.raises(
        InputError, match="attribute='score'.*ImageCaptioner.from_preset"
    ):
        captioner.score("a.jpg", "a dog")
    assert not hasattr(captioner, "score") and not hasattr(captioner, "_none")
    assert hasattr(captioner, "generate")
