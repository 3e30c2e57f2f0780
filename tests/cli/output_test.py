import ast
import json
import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc import cli
from keras_imgdesc.cli.output import say, say_json, say_lines

FOLDER = Path(cli.__file__).parent
# Line ends, an escape sequence that clears a screen, an override of the direction of
# writing, and a byte that is not UTF-8.
NAME = os.fsdecode(b"a\n\x1b[2J\r\xe2\x80\xa8\xe2\x80\xae\xff.jpg")
SHOWN = "a\\n\\x1b[2J\\r\\u2028\\u202e\\udcff.jpg"


def printers(tree: ast.AST) -> list[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [ast.unparse(call) for call in calls]


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda f: f.name)
def test_commands_print_through_this_module_only(file):
    if file.name == "output.py":
        return
    found = set(printers(ast.parse(file.read_text("utf-8"))))
    assert not found & {"print", "click.echo", "click.secho", "sys.stdout.write"}


def test_a_line_is_one_line(capsys):
    say(f"{NAME}: a dog")
    say(Path(NAME), err=True)
    assert capsys.readouterr() == (f"{SHOWN}: a dog\n", f"{SHOWN}\n")


def test_lines_keep_their_layout(capsys):
    say_lines("one\n\ttwo\x1b[2J")
    assert capsys.readouterr().out == "one\n\ttwo\\x1b[2J\n"


def test_json_is_one_line_and_gives_the_same_name(capsys):
    say_json({"path": NAME, "score": math.nan, "scores": [1.5, -math.inf], "k": None})
    out = capsys.readouterr().out
    assert out.isascii() and out.count("\n") == 1 and out.endswith("\n")
    row = json.loads(out, parse_constant=lambda name: pytest.fail(name))
    assert row == {"path": NAME, "score": None, "scores": [1.5, None], "k": None}
    assert os.fsencode(row["path"]) == os.fsencode(NAME)


def test_errors_of_options_are_printable(run):
    code, out, err = run("describe", "--no-such\x1b[2J-option", "a.jpg")
    assert code == 2 and not out and "\x1b" not in err
    code, out, err = run("describe", NAME)
    assert code == 2 and not out
    assert len(err.splitlines()) == 1 and err.rstrip("\n").isprintable()


def test_a_terminal_without_a_character_shows_its_escape(tmp_path, monkeypatch):
    with open(tmp_path / "out", "w", encoding="latin-1") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(cli.cli, "main", lambda *_, **__: say("猫 café"))
        with pytest.raises(SystemExit) as stop:
            cli.main([])
    assert not stop.value.code
    assert (tmp_path / "out").read_bytes() == b"\\u732b caf\xe9\n"


def test_strange_names_are_described_in_a_line_each(run, presets, tmp_path):
    folder = os.fsencode(tmp_path)
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "plain.jpg")
    content = (tmp_path / "plain.jpg").read_bytes()
    names = [os.fsencode(NAME), b"b\r.jpg", b"=1+1.jpg", b'c",\n"d.jpg']
    for name in names:
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(content)
    (tmp_path / f"broken{NAME}").write_bytes(b"text")
    table = tmp_path / "captions.csv"
    options = ("--preset", presets["captioner"], "--csv", table)

    code, out, err = run("describe", tmp_path, *options)
    assert code == 1
    assert len(out.splitlines()) == 5 and f"/{SHOWN}: " in out
    assert len(err.splitlines()) == 2 and f"broken{SHOWN}" in err.replace("\\\\", "\\")
    assert out.replace("\n", "").isprintable() and err.replace("\n", "").isprintable()

    # The table gives back the names as they are, whatever they hold.
    code, out, err = run("describe", tmp_path, *options, "--skip-existing")
    assert code == 1 and not out and "5 of 6 images skipped" in err

    code, out, _ = run("describe", tmp_path, *options[:2], "--json")
    rows = [json.loads(line) for line in out.split("\n")[:-1]]
    assert out.isascii() and len(rows) == 6
    assert {os.fsencode(Path(row["path"]).name) for row in rows if "error" not in row}
    written = {os.fsencode(os.path.basename(row["path"])) for row in rows}
    assert written == {*names, b"plain.jpg", b"broken" + os.fsencode(NAME)}
