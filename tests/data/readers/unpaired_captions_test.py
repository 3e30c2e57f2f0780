import gzip

import pytest

from keras_imgdesc.data.readers.unpaired_captions import read_unpaired_captions
from keras_imgdesc.errors import InputError


def test_names_of_images_are_ignored(tmp_path):
    path = tmp_path / "captions.txt"
    path.write_text("1.jpg\tA dog runs.\nA cat sleeps.\r\n")
    assert read_unpaired_captions(path) == ["A dog runs.", "A cat sleeps."]
    packed = tmp_path / "captions.txt.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_unpaired_captions(packed) == ["A dog runs.", "A cat sleeps."]


def test_damaged_lines_are_counted(tmp_path, caplog):
    path = tmp_path / "captions.txt"
    path.write_bytes(b"A dog.\n\n\xff\xfe\nA cat.\n")
    assert read_unpaired_captions(path) == ["A dog.", "A cat."]
    assert "skipped 2 of 4 lines" in caplog.text


def test_a_file_without_captions_is_refused(tmp_path):
    empty, broken = tmp_path / "empty.txt", tmp_path / "broken.gz"
    empty.write_text("\n")
    broken.write_bytes(gzip.compress(b"A dog.\n")[:-4])
    for path in (empty, broken, tmp_path / "missing.txt", tmp_path / "missing.gz"):
        with pytest.raises(InputError, match=path.name):
            read_unpaired_captions(path)
