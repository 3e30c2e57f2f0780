"""SECURITY.md says what the code does."""

import re
from pathlib import Path

from keras_imgdesc import errors, json_files, json_types
from keras_imgdesc.data.readers import text_files
from keras_imgdesc.images.file_formats import MAX_PIXELS

ROOT = Path(__file__).parents[1]
POLICY = (ROOT / "SECURITY.md").read_text("utf-8")


def code_files() -> list[Path]:
    return sorted(ROOT.glob("keras_imgdesc/**/*.py"))


def test_the_bounds_are_those_of_the_code():
    message = str(errors.InputError("No", "", value="x" * 10_000))
    shown = message.partition("value=")[2].partition("...")[0]
    for stated, value in (
        (r"More than ([\d,]+) pixels", MAX_PIXELS),
        (r"It may have (\d+) GiB, uncompressed", text_files.MOST_BYTES >> 30),
        (r"size \((\d+) MiB", json_files.MOST_BYTES >> 20),
        (r"depth \((\d+) levels\)", json_types.MOST_LEVELS),
        (r"at most (\d+) characters\s+of a value", len(shown)),
    ):
        (found,) = re.findall(stated, POLICY)
        assert int(found.replace(",", "")) == value, stated


def test_nothing_is_unpickled_evaluated_or_loaded_unsafely():
    forbidden = re.compile(
        r"^\s*(import|from) (pickle|dill|joblib|marshal|shelve)\b"
        r"|\b(eval|exec)\(|allow_pickle=True|safe_mode=False"
        r"|enable_unsafe_deserialization",
        re.M,
    )
    for file in code_files():
        code = re.sub(r'"""(?:.|\n)*?"""|#.*', "", file.read_text("utf-8"))
        assert not forbidden.search(code), file
    assert "never unpickles" in POLICY


def test_it_says_how_to_report_without_an_address():
    assert re.search(r"\*Security\*, \*Advisories\*", POLICY)
    assert "@" not in POLICY
