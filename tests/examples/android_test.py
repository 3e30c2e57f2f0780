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
PRESET = "flickr8k_efficientnet_lstm"
TENSORS = (FOLDER / "CaptionerTensors.kt").read_text()
CAPTIONER = (FOLDER / "ImageCaptioner.kt").read_text()

STRINGS = dict(re.findall(r'const val (\w+) = "(\w+)"', TENSORS))
IDS = {name: int(i) for name, i in re.findall(r"const val (\w+) = (\d+)", TENSORS)}
SIGNATURES = dict(re.findall(r'val (\w+) = SignatureSpec\(\s*"(\w+)"', TENSORS))
SIZES = {name: int(n) for name, n in re.findall(r"^    (\w+)\((\d+)\),", TENSORS, re.M)}


def signatures_of_kotlin() -> dict:
    """Return the tensors of each `SignatureSpec`, as `tensors_of_file` does."""
    nouns = re.search(r"val NOUNS = listOf\((.*?)\n    \)", TENSORS, re.S)
    assert nouns
    found: dict = {}
    for constant, sides in re.findall(
        r"val (\w+) = SignatureSpec\((.*?)\n    \)", TENSORS, re.S
    ):
        given = re.search(r"inputs = (.*),\s*outputs = (.*),$", sides, re.S)
        assert given
        found[constant] = {}
        for side, text in zip(("inputs", "outputs"), given.groups(), strict=True):
            specs = specs_of(text)
            for other, of_other in re.findall(r"(\w+)\.(inputs|outputs)", text):
                specs |= found[other][of_other]
            if "+ NOUNS" in text:
                specs |= specs_of(nouns[1])
            found[constant][side] = specs
    assert list(found) == ["DESCRIBE", "ENCODE", "STEP", "GUIDED_ENCODE", "GUIDED_STEP"]
    return found


def tensors_of_kotlin(*, is_guided: bool) -> dict:
    """Return the tensors that a file must have, by signature, direction and name."""
    found = signatures_of_kotlin()
    return {
        SIGNATURES[name]: found[f"GUIDED_{name}" if is_guided else name]
        for name in ("ENCODE", "STEP")
    } | {SIGNATURES["DESCRIBE"]: found["DESCRIBE"]}


def specs_of(text: str) -> dict:
    specs = re.findall(r"TensorSpec\((\w+), (\w+), ([\w., ]+)\)", text)
    assert len(specs) == text.count("TensorSpec")
    return {
        STRINGS[name]: (dtype.lower(), re.findall(r"Size\.(\w+)", shape))
        for name, dtype, shape in specs
    }


def with_sizes(tensors: dict, sizes: dict[str, int]) -> dict:
    """Return the tensors of Kotlin with numbers instead of the names of sizes."""
    return {
        signature: {
            side: {
                name: (dtype, [sizes[size] for size in shape])
                for name, (dtype, shape) in specs.items()
            }
            for side, specs in sides.items()
        }
        for signature, sides in tensors.items()
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


def called(tensors: dict) -> dict:
    """Return the tensors of the signatures that Kotlin calls."""
    others = set(tensors) - set(SIGNATURES.values())
    assert others <= {"caption"}, others
    return {name: sides for name, sides in tensors.items() if name not in others}


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
    tensors = tensors_of_kotlin(is_guided=True)
    assert with_sizes(tensors, SIZES) == called(tensors_of_file(file))


def test_a_file_may_have_signatures_that_kotlin_does_not_call():
    """Kotlin refuses a file that lacks a signature, not one that has another."""
    checked = re.search(r"fun sizesOf\(.*?for \(signature in", TENSORS, re.S)[0]
    assert "signatures.map { it.name } - interpreter.signatureKeys.toSet()" in checked
    assert "require(missing.isEmpty())" in checked and "check(" not in checked


@pytest.mark.slow
def test_a_captioner_without_concepts_has_the_tensors_of_kotlin(tmp_path):
    path = export_tflite(
        ImageCaptioner.from_preset("scenes_lstm"), tmp_path / LITE_FILE
    )
    found = called(tensors_of_file(path))
    tensors = tensors_of_kotlin(is_guided=False)
    sizes: dict[str, int] = {}
    for signature, sides in tensors.items():
        for side, specs in sides.items():
            for name, (_, shape) in specs.items():
                given = found[signature][side][name][1]
                sizes |= dict(zip(shape, given, strict=True))
    assert with_sizes(tensors, sizes) == found
    assert sizes["ONE"] == SIZES["ONE"] and sizes["CHANNELS"] == SIZES["CHANNELS"]


@pytest.mark.parametrize("is_guided", [True, False])
def test_the_inputs_of_step_are_outputs_of_encode_and_step(is_guided):
    tensors = tensors_of_kotlin(is_guided=is_guided)
    given = tensors["encode"]["outputs"]
    token_id = {STRINGS["TOKEN_ID"]: ("int32", ["ONE"])}
    assert tensors["step"]["inputs"] == given | token_id
    changed = {n: s for n, s in tensors["step"]["outputs"].items() if "next_" in n}
    names = ["hidden", "cell", *(["used_concepts"] if is_guided else [])]
    assert changed == {f"next_{name}": given[name] for name in names}
    listed = re.search(r"CHANGES = mapOf\((.*?)\n    \)", TENSORS, re.S)
    pairs = dict(re.findall(r"(\w+) to (\w+),", listed[1]))
    assert {STRINGS[key]: STRINGS[value] for key, value in pairs.items()} == {
        f"next_{name}": name for name in ("hidden", "cell", "used_concepts")
    }
    assert "in CaptionerTensors.CHANGES" in CAPTIONER
    assert "state[current] = found.floats(next)" in CAPTIONER


def test_special_tokens_have_the_same_ids(file):
    opened = read_model_file(file)
    metadata, tokens = opened.metadata, opened.tokens
    for name, token_id in IDS.items():
        assert metadata["vocabulary"][name.lower()] == token_id
    assert len(IDS) == 4
    listed = re.search(r"SPECIAL = listOf\((.*)\)", CAPTIONER)
    assert tuple(re.findall(r'"(.*?)"', listed[1])) == SPECIAL_TOKENS
    assert tuple(tokens[:4]) == SPECIAL_TOKENS
    never = re.search(r"NEVER = setOf\((.*?)\n        \)", CAPTIONER, re.S)
    assert re.findall(r"\.(\w+_ID)", never[1]) == ["PAD_ID", "UNK_ID", "START_ID"]


def test_sizes_are_those_of_the_metadata(file):
    opened = read_model_file(file)
    metadata, tokens = opened.metadata, opened.tokens
    assert SIZES["WORDS"] == metadata["search"]["max_length"]
    assert SIZES["VOCABULARY"] == len(tokens)


def test_each_name_is_written_once():
    names = set(STRINGS.values()) | set(SIGNATURES.values())
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
