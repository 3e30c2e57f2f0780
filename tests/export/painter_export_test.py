"""A painter out of Python: SavedModel and .tflite."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from keras_imgdesc.errors import InputError
from keras_imgdesc.export import export_tflite
from keras_imgdesc.export.flatbuffer import OPERATORS, operators, read_model
from keras_imgdesc.export.tflite import QUANTIZATIONS
from keras_imgdesc.lite import LitePainter
from keras_imgdesc.lite.model_file import read_model_file

TEXTS = ["A red bird!", "a blue dog", "bird"]


@pytest.fixture(scope="module")
def painter(build_painter):
    # Wide enough for matrices and transposed convolutions that become int8.
    return build_painter(24)


@pytest.fixture(scope="module")
def files(painter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lite")
    return {
        quantize: export_tflite(
            painter, folder / f"{quantize}.tflite", quantize=quantize
        )
        for quantize in QUANTIZATIONS
    }


@pytest.mark.parametrize(
    ("quantize", "largest", "mean"),
    [(None, 1, 0.001), ("float16", 2, 0.1), ("dynamic", 5, 0.4), ("int8", 8, 1.2)],
)
def test_the_file_paints_what_python_paints(painter, files, quantize, largest, mean):
    lite = LitePainter(files[quantize])
    wanted = painter.generate(TEXTS, num_images=4, seed=1).astype(int)
    difference = np.abs(lite.generate(TEXTS, num_images=4, seed=1) - wanted)
    assert difference.max() <= largest and difference.mean() <= mean
    # Another noise, or another text, makes more of a difference than any rounding.
    assert np.abs(wanted[:, 0] - wanted[:, 1]).mean() > 10
    assert np.abs(wanted[0] - wanted[1]).mean() > 10


def test_int8_makes_files_small_and_leaves_words_exact(painter, files):
    sizes = {quantize: path.stat().st_size for quantize, path in files.items()}
    assert sizes["float16"] < 0.6 * sizes[None]
    assert max(sizes["dynamic"], sizes["int8"]) < 0.48 * sizes[None]
    for quantize in ("dynamic", "int8"):
        model = read_model(files[quantize].read_bytes())
        (graph,) = model.subgraphs
        kept = [
            graph.tensors[op.inputs[0]].name.decode()
            for op in operators(model, graph, (OPERATORS.DEQUANTIZE,))
            if model.buffers[graph.tensors[op.inputs[0]].buffer].data is not None
        ]
        assert sum("text_encoder" in name for name in kept) == 4
        assert sum("whitening" in name for name in kept) == 1


def test_tensors_and_words_are_those_of_the_metadata(painter, files):
    for quantize, path in files.items():
        metadata, tokens = read_model_file(path)
        assert metadata["task"] == "TextToImage" and metadata["quantize"] == quantize
        assert tokens == list(painter.text_encoder.tokenizer.vocabulary.tokens)
        assert path.with_name("vocabulary.txt").read_text().splitlines() == tokens
        described = metadata["signatures"]
        assert described == {
            "paint": {
                "inputs": {
                    "token_ids": {"dtype": "int32", "shape": [1, 6]},
                    "noise": {"dtype": "float32", "shape": [1, 14]},
                },
                "outputs": {"image": {"dtype": "uint8", "shape": [1, 32, 32, 3]}},
            }
        }
        interpreter = Interpreter(
            model_path=str(path),
            experimental_op_resolver_type=(
                OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
        )
        interpreter.allocate_tensors()
        names = {details["op_name"] for details in interpreter._get_ops_details()}
        assert {"TRANSPOSE_CONV", "CONV_2D", "FULLY_CONNECTED"} <= names
        assert not [n for n in names if n.startswith(("Flex", "CUSTOM"))]
        # What a browser runs has no computed shapes.
        assert not {"SHAPE", "PACK", "WHILE"} & names
        details = interpreter.get_signature_runner("paint").get_input_details()
        assert {k: d["shape"].tolist() for k, d in details.items()} == {
            "token_ids": [1, 6],
            "noise": [1, 14],
        }


def test_int8_is_fitted_to_the_texts_given(painter, files, tmp_path):
    given = export_tflite(
        painter,
        tmp_path / "given.tflite",
        quantize="int8",
        representative_texts=["a red bird"] * 3,
    )
    assert given.read_bytes() != files["int8"].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_beams": 3}, "num_beams"),
        ({"representative_images": []}, "representative_images"),
        ({"representative_texts": []}, "representative_texts=0"),
        ({"representative_texts": [" "]}, "words in it"),
    ],
)
def test_what_a_painter_does_not_take_is_refused(painter, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        export_tflite(painter, tmp_path / "p.tflite", quantize="int8", **arguments)
    assert not list(tmp_path.iterdir())
