import zipfile

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from keras_imgdesc.data.scenes import make_scene
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.export.representative import read_representative
from keras_imgdesc.export.tflite import export as tflite
from keras_imgdesc.export.tflite.conversion import LiteConversion
from keras_imgdesc.export.tflite.export import export_tflite
from keras_imgdesc.export.tflite.flatbuffer import OPERATORS, operators, read_model
from keras_imgdesc.images import resize_image
from keras_imgdesc.lite import LiteCaptioner
from keras_imgdesc.lite.model_file import read_model_file

IMAGES = np.stack([make_scene("test", i)[1] for i in range(12)])


@pytest.fixture(scope="module", params=tflite.QUANTIZATIONS)
def exported(request, scenes_forms):
    return scenes_forms[f"tflite {request.param or 'float32'}"].path


@pytest.fixture(scope="module")
def expected(captioner):
    return captioner.generate(IMAGES, return_attention=True)


def test_litert_gives_the_tokens_of_python(exported, expected):
    captioner = LiteCaptioner(exported)
    exact = captioner.metadata["quantize"] is None
    found = captioner.generate(list(IMAGES), return_attention=True)
    tolerance = 1e-3 if exact else 0.3
    for caption, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(caption.token_ids, other.token_ids)
        np.testing.assert_allclose(
            caption.token_log_probs, other.token_log_probs, atol=tolerance
        )
        np.testing.assert_allclose(caption.attention, other.attention, atol=tolerance)


def test_the_metadata_describes_the_tensors(exported):
    interpreter = Interpreter(model_path=str(exported))
    metadata = read_model_file(exported).metadata
    signatures = metadata["signatures"]
    assert set(signatures) == {"caption", "describe", "encode", "step"}
    assert set(signatures) == set(interpreter.get_signature_list())
    for name, described in signatures.items():
        runner = interpreter.get_signature_runner(name)
        for kind, details in (
            ("inputs", runner.get_input_details()),
            ("outputs", runner.get_output_details()),
        ):
            assert described[kind] == {
                tensor: {"dtype": d["dtype"].__name__, "shape": d["shape"].tolist()}
                for tensor, d in details.items()
            }
    # The first signature runs when none is named.
    assert interpreter.get_input_details()[0]["name"].startswith("caption_image")


def test_a_caption_without_attention_is_the_same(exported):
    run = Interpreter(model_path=str(exported)).get_signature_runner
    caption, describe = run("caption"), run("describe")
    size = read_model_file(exported).signatures["encode"]["inputs"]["image"]
    for image in IMAGES[:4]:
        pixels = np.asarray(resize_image(image, size["shape"][1]))[None]
        found, expected = caption(image=pixels), describe(image=pixels)
        assert set(found) == {"token_ids", "log_probs"}
        for name, values in found.items():
            np.testing.assert_allclose(values, expected[name], atol=1e-5, err_msg=name)


def test_the_loop_of_a_caption_carries_no_attention(exported):
    model = read_model(exported.read_bytes())
    search = read_model_file(exported).metadata["search"]
    maps = (1, search["num_beams"], search["max_length"])
    carry = set()
    for signature in model.signatureDefs:
        graph = model.subgraphs[signature.subgraphIndex]
        for loop in operators(model, graph, (OPERATORS.WHILE,)):
            shapes = [tuple(graph.tensors[index].shape) for index in loop.inputs]
            assert maps in shapes  # the words
            if any(len(s) == 4 and s[:3] == maps for s in shapes):
                carry.add(signature.signatureKey.decode())
    assert carry == {"describe"}


def test_words_are_streamed(captioner, exported):
    lite = LiteCaptioner(exported)
    for image in IMAGES[:4]:
        words = list(lite.stream_words(image))
        assert 5 < len(words) <= lite.metadata["search"]["max_length"]
        if lite.metadata["quantize"] is None:
            assert " ".join(words) == captioner.generate(image, num_beams=1)


def test_the_signatures_share_their_weights(exported, captioner):
    parameters = captioner.count_params()
    bytes_each = {None: 4, "float16": 2, "dynamic": 1, "int8": 1}
    quantize = LiteCaptioner(exported).metadata["quantize"]
    assert exported.stat().st_size < 1.25 * bytes_each[quantize] * parameters


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


def test_the_vocabulary_is_inside_and_beside_the_file(exported, captioner):
    tokens = list(captioner.tokenizer.vocabulary.tokens)
    inside = zipfile.ZipFile(exported).read("vocabulary.txt").decode()
    beside = exported.with_name("vocabulary.txt").read_text("utf-8")
    assert inside == beside and inside.splitlines() == tokens


def test_existing_files_are_not_overwritten(captioner, tmp_path):
    with pytest.raises(InputError, match="quantize='int4'"):
        export_tflite(captioner, tmp_path / "a.tflite", quantize="int4")
    (tmp_path / "b.tflite").write_text("mine")
    with pytest.raises(InputError, match="not overwritten"):
        export_tflite(captioner, tmp_path / "b.tflite")

    (tmp_path / "vocabulary.txt").write_text("another model's")
    with pytest.raises(InputError, match=r"no vocabulary\.txt of another model"):
        export_tflite(captioner, tmp_path / "c.tflite")
    assert (tmp_path / "vocabulary.txt").read_text() == "another model's"
    with pytest.raises(InputError, match="beside the model"):
        export_tflite(captioner, tmp_path / "new" / "vocabulary.txt")
    assert not (tmp_path / "new").exists()


def test_the_vocabulary_of_the_same_model_is_shared(captioner, tmp_path, monkeypatch):
    monkeypatch.setattr(LiteConversion, "float32", b"content")
    for name in ("a.tflite", "b.tflite"):
        export_tflite(captioner, tmp_path / name)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["a.tflite", "b.tflite", "vocabulary.txt"]


def test_the_metadata_names_the_model(captioner, tmp_path, monkeypatch):
    monkeypatch.setattr(LiteConversion, "float32", b"content")
    path = export_tflite(captioner, tmp_path / "a.tflite", name="scenes_lstm")
    assert read_model_file(path).metadata["name"] == "scenes_lstm"
    path = export_tflite(captioner, tmp_path / "b.tflite")
    assert read_model_file(path).metadata["name"] == "b"


def test_a_full_disk_leaves_no_files(captioner, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LiteConversion, "float32", b"content")
    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(InputError, match="No space left"):
        export_tflite(captioner, tmp_path / "deep" / "c.tflite")
    assert list(tmp_path.iterdir()) == []


def test_representative_images_are_checked(captioner, tmp_path):
    with pytest.raises(InputError, match="representative_images=0"):
        export_tflite(
            captioner,
            tmp_path / "d.tflite",
            quantize="int8",
            representative_images=[],
        )
    with pytest.raises(ImageError, match="Pass the images of a batch"):
        read_representative([np.zeros((2, 40, 40, 3), np.uint8)], 96)
    found = read_representative([np.zeros((40, 60, 3), np.uint8)], 96)
    assert found[0].shape == (1, 96, 96, 3)
    assert not list(tmp_path.iterdir())
