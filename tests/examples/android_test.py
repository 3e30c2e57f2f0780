"""The Kotlin code for Android names the tensors of an exported file.

Nothing is compiled: the constants are parsed from the source.
"""

import re
from pathlib import Path

import pytest
from ai_edge_litert.interpreter import Interpreter

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.export.tflite.export import export_tflite
from keras_imgdesc.lite.captioner import LITE_FILE
from keras_imgdesc.lite.model_file import VOCABULARY_FILE, read_model_file
from keras_imgdesc.text.vocabulary import SPECIAL_TOKENS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "android"
PRESET = "flickr8k_mobilenet_lstm"
TENSORS = (FOLDER / "CaptionerTensors.kt").read_text()
CAPTIONER = (FOLDER / "ImageCaptioner.kt").read_text()

STRINGS = dict(re.findall(r'const val (\w+) = "(\w+)"', TENSORS))
IDS = {name: int(i) for name, i in re.findall(r"const val (\w+) = (\d+)", TENSORS)}
SIZES = {name: int(n) for name, n in re.findall(r"^    (\w+)\((\d+)\),", TENSORS, re.M)}


def tensors_of_kotlin() -> dict:
    """Return the tensors of the `SignatureSpec`s, as `tensors_of_file` does."""
    pattern = (
        r'SignatureSpec\(\s*"(\w+)",\s*'
        r"inputs = listOf\((.*?)\n        \),\s*outputs = listOf\((.*?)\n        \),"
    )
    return {
        name: {"inputs": specs_of(inputs), "outputs": specs_of(outputs)}
        for name, inputs, outputs in re.findall(pattern, TENSORS, re.S)
    }


def specs_of(text: str) -> dict:
    specs = re.findall(r"TensorSpec\((\w+), (\w+), ([\w., ]+)\)", text)
    assert len(specs) == text.count("TensorSpec")
    return {
        STRINGS[name]: (
            dtype.lower(),
            [SIZES[size] for size in re.findall(r"Size\.(\w+)", shape)],
        )
        for name, dtype, shape in specs
    }


def tensors_of_file(path: Path) -> dict:
    """Return dtype and shape of each tensor, by signature, direction and name."""
    interpreter = Interpreter(model_path=str(path))

    def described(details: dict) -> dict:
        return {
            name: (detail["dtype"].__name__, detail["shape"].tolist())
            for name, detail in details.items()
        }

    found = {}
    for name in interpreter.get_signature_list():
        run = interpreter.get_signature_runner(name)
        found[name] = {
            "inputs": described(run.get_input_details()),
            "outputs": described(run.get_output_details()),
        }
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    shipped = ROOT / "saved_models" / PRESET / LITE_FILE
    if shipped.is_file():
        return shipped
    return export_tflite(
        ImageCaptioner.from_preset(PRESET),
        tmp_path_factory.mktemp("android") / LITE_FILE,
        quantize="dynamic",
        name=PRESET,
    )


def test_kotlin_and_the_file_have_the_same_tensors(file):
    assert tensors_of_kotlin() == tensors_of_file(file)


def test_the_inputs_of_step_are_outputs_of_encode_and_step():
    tensors = tensors_of_kotlin()
    given = tensors["encode"]["outputs"]
    token_id = {STRINGS["TOKEN_ID"]: ("int32", [1])}
    assert tensors["step"]["inputs"] == given | token_id
    changed = {n: s for n, s in tensors["step"]["outputs"].items() if "next_" in n}
    assert changed == {f"next_{name}": given[name] for name in ("hidden", "cell")}
    for name in changed:
        constant = name.removeprefix("next_").upper()
        line = f"state[CaptionerTensors.{constant}] = "
        line += f"found.floats(CaptionerTensors.NEXT_{constant})"
        assert line in CAPTIONER


def test_special_tokens_have_the_same_ids(file):
    metadata, tokens = read_model_file(file)
    for name, token_id in IDS.items():
        assert metadata["vocabulary"][name.lower()] == token_id
    assert len(IDS) == 4
    listed = re.search(r"SPECIAL = listOf\((.*)\)", CAPTIONER)
    assert tuple(re.findall(r'"(.*?)"', listed[1])) == SPECIAL_TOKENS
    assert tuple(tokens[:4]) == SPECIAL_TOKENS
    never = re.search(r"NEVER = setOf\((.*?)\n        \)", CAPTIONER, re.S)
    assert re.findall(r"\.(\w+_ID)", never[1]) == ["PAD_ID", "UNK_ID", "START_ID"]


def test_sizes_are_those_of_the_metadata(file):
    metadata, tokens = read_model_file(file)
    assert SIZES["WORDS"] == metadata["search"]["max_length"]
    assert SIZES["VOCABULARY"] == len(tokens)


def test_each_name_is_written_once():
    names = set(STRINGS.values()) | set(tensors_of_kotlin())
    assert len(STRINGS) == len(set(STRINGS.values()))
    for path in FOLDER.glob("*.kt"):
        for name in names:
            found = path.read_text().count(f'"{name}"')
            assert found == (path.name == "CaptionerTensors.kt"), (path.name, name)


def test_the_assets_have_the_names_of_the_files():
    assert f'modelAsset: String = "{LITE_FILE}"' in CAPTIONER
    assert f'vocabularyAsset: String = "{VOCABULARY_FILE}"' in CAPTIONER
    readme = (FOLDER / "README.md").read_text()
    for name in (LITE_FILE, VOCABULARY_FILE):
        assert f"saved_models/{PRESET}/{name}" in readme
    listed = set(re.findall(r"^\| `(\w+\.kt)` ", readme, re.M))
    assert listed == {path.name for path in FOLDER.glob("*.kt")}
