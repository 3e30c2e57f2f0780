import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.training import precision
from keras_imgdesc.training.precision import choose_precision


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ("fpu avx2 avx512f", "float32"),
        ("fpu avx512f avx512_bf16", "mixed_bfloat16"),
        ("amx_tile amx_bf16", "mixed_bfloat16"),
    ],
)
def test_the_cpu_decides(monkeypatch, flags, wanted):
    monkeypatch.setattr(precision, "_has_gpu", lambda: False)
    assert choose_precision("auto", f"flags\t\t: {flags}\n") == wanted


def test_the_user_has_the_last_word():
    assert choose_precision("float32", "amx_bf16") == "float32"
    with pytest.raises(InputError, match="float12"):
        choose_precision("float12")
