import os

import pytest

from keras_imgdesc.classification import Labels
from keras_imgdesc.errors import InputError
from keras_imgdesc.text import token_files
from keras_imgdesc.text.token_files import read_tokens, without_contents
from keras_imgdesc.text.vocabulary import Vocabulary


def test_lines_are_tokens(tmp_path):
    path = tmp_path / "vocabulary.txt"
    path.write_bytes("\n[UNK]\r\ncafé\na\u2028b\n".encode())
    assert read_tokens(path) == ["", "[UNK]", "café", "a\u2028b"]


def test_what_is_no_file_of_tokens_is_refused(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bytes").write_bytes(b"secret\xff")
    (tmp_path / "long").write_text("secret" * 200)
    monkeypatch.setattr(token_files, "_MOST_TOKENS", 10)
    (tmp_path / "many").write_text("secret\n" * 11)
    with (tmp_path / "huge").open("wb") as sparse:
        sparse.truncate(1 << 40)
    for name in ("folder", "pipe", "bytes", "long", "many", "huge", "none"):
        with pytest.raises(InputError) as caught:
            read_tokens(tmp_path / name)
        assert caught.value.received["file"] == str(tmp_path / name)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", [Labels, Vocabulary])
@pytest.mark.parametrize("text", ["secret one\nsecret one\n", "secret\n\nsecret\n"])
def test_other_texts_are_not_shown(tmp_path, kind, text):
    path = tmp_path / "vocabulary.txt"
    path.write_text(text)
    if kind is Vocabulary:
        path.write_text("\n[UNK]\n[START]\n[END]\n" + text)
    with pytest.raises(InputError, match=r"vocabulary\.txt") as caught:
        kind.load(path)
    assert "secret" not in str(caught.value)


def test_positions_are_shown():
    with (
        pytest.raises(InputError, match=r"index=3.*Rename") as caught,
        without_contents("labels.txt"),
    ):
        raise InputError("A name", "Rename it", name="secret", index=3)
    assert "secret" not in str(caught.value)
