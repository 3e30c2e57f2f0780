import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from keras_imgdesc.data.scenes import make_scene
from keras_imgdesc.errors import InputError
from keras_imgdesc.export import tflite
from keras_imgdesc.export.tflite import export_tflite

PICTURES = np.stack([make_scene("test", i)[1] for i in range(12)])


@pytest.fixture(scope="module", params=tflite.QUANTIZATIONS)
def exported(request, captioner, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lite")
    return export_tflite(
        captioner, folder / "c.tflite", quantize=request.param, name="scenes_lstm"
    )


@pytest.fixture(scope="module")
def wanted(captioner):
    return captioner.generate(PICTURES, return_attention=True)


def runner(path: Path):
    interpreter = Interpreter(model_path=str(path), num_threads=2)
    return interpreter.get_signature_runner(), interpreter


def test_litert_gives_the_tokens_of_python(exported, wanted):
    describe, interpreter = runner(exported)
    metadata = json.loads(zipfile.ZipFile(exported).read("keras_imgdesc.json"))
    exact = metadata["quantize"] is None
    for image, caption in zip(PICTURES, wanted, strict=True):
        outputs = describe(image=image[None])
        n = len(caption.token_ids)
        np.testing.assert_array_equal(outputs["token_ids"][0, :n], caption.token_ids)
        assert not outputs["token_ids"][0, n:].any()
        np.testing.assert_allclose(
            outputs["log_probs"][0, :n],
            caption.token_log_probs,
            atol=1e-3 if exact else 0.3,
        )
        np.testing.assert_allclose(
            outputs["attention"][0, :n], caption.attention, atol=1e-3 if exact else 0.3
        )
    for name, tensors in (
        ("inputs", interpreter.get_signature_list()["serving_default"]["inputs"]),
        ("outputs", interpreter.get_signature_list()["serving_default"]["outputs"]),
    ):
        assert set(tensors) == set(metadata[name])
    for name, value in outputs.items():
        described = metadata["outputs"][name]
        assert described == {"dtype": value.dtype.name, "shape": list(value.shape)}


def test_operations_are_built_in(exported):
    # Without any custom operation registered, and without a delegate, it must load.
    interpreter = Interpreter(
        model_path=str(exported),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    names = {details["op_name"] for details in interpreter._get_ops_details()}
    assert {"WHILE", "CONV_2D", "FULLY_CONNECTED"} <= names
    assert not [n for n in names if n.startswith(("Flex", "CUSTOM"))]


def test_the_vocabulary_travels_with_it(exported, captioner):
    tokens = list(captioner.tokenizer.vocabulary.tokens)
    inside = zipfile.ZipFile(exported).read("vocabulary.txt").decode()
    beside = exported.with_name("vocabulary.txt").read_text("utf-8")
    assert inside == beside and inside.splitlines() == tokens


def test_what_cannot_be_written_is_refused(captioner, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="quantize='int4'"):
        export_tflite(captioner, tmp_path / "a.tflite", quantize="int4")
    (tmp_path / "b.tflite").write_text("mine")
    with pytest.raises(InputError, match="not overwritten"):
        export_tflite(captioner, tmp_path / "b.tflite")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tflite, "_convert", lambda *args: b"content")
    monkeypatch.setattr(tflite.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        export_tflite(captioner, tmp_path / "c.tflite")
    assert not list(tmp_path.glob("*c.tflite"))
