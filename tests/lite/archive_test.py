import json
import time
import zipfile

import numpy as np
import pytest

from keras_imgdesc.lite import archive
from keras_imgdesc.lite.archive import append_entries, read_entries

FILES = {"vocabulary.txt": "a\ncafé\n", "keras_imgdesc.json": json.dumps({"a": 1})}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(np.random.default_rng(0).bytes(3000))
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    return path


def test_entries_are_those_of_zipfile(file):
    with zipfile.ZipFile(file) as archive:
        expected = {name: archive.read(name) for name in archive.namelist()}
    assert read_entries(file) == expected
    assert {k: v.decode() for k, v in expected.items()} == FILES


def test_any_changed_byte_of_the_contents_is_noticed(file):
    content = file.read_bytes()
    for name, text in FILES.items():
        changed = bytearray(content)
        changed[content.index(text.encode())] ^= 1
        file.write_bytes(changed)
        with pytest.raises(ValueError, match=f"{name} in the archive is damaged"):
            read_entries(file)


def test_no_part_of_a_file_is_read_as_a_whole_one(file):
    content = file.read_bytes()
    for length in range(1, len(content)):
        file.write_bytes(content[:length])
        with pytest.raises(ValueError):
            read_entries(file)
    file.write_bytes(b"")
    with pytest.raises(ValueError):
        read_entries(file)


def test_a_damaged_directory_is_refused(file):
    content = file.read_bytes()
    start = content.index(b"PK\x01\x02")
    for place in (start, start + 10, start + 20, start + 42, len(content) - 6):
        changed = bytearray(content)
        changed[place] ^= 0x55
        file.write_bytes(changed)
        with pytest.raises(ValueError):
            read_entries(file)


def test_a_compressed_archive_is_refused(tmp_path):
    path = tmp_path / "packed.tflite"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vocabulary.txt", "a\n" * 100)
    with pytest.raises(ValueError, match="compressed"):
        read_entries(path)


def test_large_archives_are_refused_before_they_are_read(file, monkeypatch):
    monkeypatch.setattr(archive, "_MOST_BYTES", 10)
    with pytest.raises(ValueError, match="more than 10 bytes"):
        read_entries(file)
    monkeypatch.setattr(archive, "_MOST_FILES", 1)
    with pytest.raises(ValueError, match="more than 1 files"):
        read_entries(file)


def test_a_name_is_in_the_archive_once(tmp_path):
    path = tmp_path / "twice.tflite"
    with zipfile.ZipFile(path, "w") as twice:
        twice.writestr("vocabulary.txt", "a\n")
        with pytest.warns(UserWarning, match="Duplicate"):
            twice.writestr("vocabulary.txt", "b\n")
    with pytest.raises(ValueError, match="is twice"):
        read_entries(path)


def test_the_same_entries_give_the_same_bytes_at_any_time(tmp_path, file, monkeypatch):
    paths = [tmp_path / "first.tflite", tmp_path / "second.tflite"]
    now = time.time()
    for path, seconds in zip(paths, (0, 10_000), strict=True):
        monkeypatch.setattr(time, "time", lambda later=seconds: now + later)
        path.write_bytes(b"content")
        append_entries(path, FILES)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].read_bytes().startswith(b"content")
    found = {name: data.decode() for name, data in read_entries(paths[0]).items()}
    assert found == FILES and list(found) == list(FILES)
    # As `zipfile` writes them, but for the time.
    for mine, usual in zip(
        zipfile.ZipFile(paths[0]).infolist(),
        zipfile.ZipFile(file).infolist(),
        strict=True,
    ):
        assert mine.date_time == (1980, 1, 1, 0, 0, 0) != usual.date_time
        assert mine.external_attr == usual.external_attr
        assert mine.compress_type == usual.compress_type
        assert mine.create_system == usual.create_system
