"""Files of captions that a stranger wrote end in named problems or an `InputError`."""

import gzip
import json
import os
import threading
from pathlib import Path

import pytest

from keras_imgdesc.data import read_captions
from keras_imgdesc.data.readers import (
    paths,
    read_caption_folder,
    read_captions_csv,
    read_captions_jsonl,
    read_coco_captions,
    read_flickr_tokens,
    read_karpathy_json,
    read_unlabelled,
    read_webdataset,
    text_files,
)
from keras_imgdesc.data.readers.judgements import read_judgements
from keras_imgdesc.data.readers.unpaired_captions import read_unpaired_captions
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.results_file import read_results

GOOD = {"file_name": "a.jpg", "caption": "A dog runs ."}
# Values in JSON that stand where a text or an id is expected.
STRANGE = {
    "nested": "[" * 100_000 + "]" * 100_000,
    "nested_less": "[" * 900 + "]" * 900,
    "objects": '{"raw":' * 900 + "1" + "}" * 900,
    "huge": "9" * 10_000,
    "not_a_number": "NaN",
    "infinite": "-Infinity",
    "too_large": "1e999",
    "number": "7",
    "null": "null",
    "list": '["a.jpg", ["b.jpg"]]',
    "object": '{"name": "a.jpg"}',
    "zero": r'"a\u0000.jpg"',
    "long_name": json.dumps("a" * 5000 + ".jpg"),
    "long_path": json.dumps("a/" * 5000 + "a.jpg"),
    "outside": '"../../../../etc/passwd"',
    "absolute": '"/etc/passwd"',
    "surrogate": r'"\ud800.jpg"',
    "escape": r'"\u001b[2J\u202e\n.jpg"',
}


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "a.jpg").touch()
    return folder


def coco(image="{}", annotation="{}") -> str:
    first = '{"id": 1, "file_name": "a.jpg"}'
    second = '{"image_id": 1, "id": 1, "caption": "A dog runs ."}'
    return f'{{"images": [{image}, {first}], "annotations": [{annotation}, {second}]}}'


def karpathy(image="{}") -> str:
    first = '{"filename": "a.jpg", "sentences": [{"raw": "A dog runs ."}]}'
    return f'{{"images": [{image}, {first}]}}'


# By reader: files with a strange value in each of its places, beside a good entry.
PLACES = {
    "jsonl": (
        read_captions_jsonl,
        [
            lambda v: f'{{"file_name": {v}, "caption": "A cat ."}}\n{json.dumps(GOOD)}',
            lambda v: f'{{"file_name": "a.jpg", "text": {v}}}\n{json.dumps(GOOD)}',
            lambda v: f"{v}\n{json.dumps(GOOD)}",
            lambda v: (
                f'{{"file_name": "a.jpg", "text": "A cat .", "split": {v}, '
                f'"is_rejected": {v}}}\n{json.dumps(GOOD)}'
            ),
        ],
    ),
    "coco": (
        read_coco_captions,
        [
            lambda v: coco(v, v),
            lambda v: coco(f'{{"id": {v}, "file_name": "b.jpg"}}'),
            lambda v: coco(f'{{"id": 2, "file_name": {v}}}'),
            lambda v: coco("{}", f'{{"image_id": {v}, "caption": "A cat ."}}'),
            lambda v: coco("{}", f'{{"image_id": 1, "id": {v}, "caption": {v}}}'),
            lambda v: coco(
                "{}", f'{{"image_id": 1, "caption": "A cat .", "is_rejected": {v}}}'
            ),
        ],
    ),
    "karpathy": (
        read_karpathy_json,
        [
            karpathy,
            lambda v: karpathy(f'{{"filename": {v}, "sentences": [{{"raw": "A"}}]}}'),
            lambda v: karpathy(f'{{"filename": "b.jpg", "sentences": {v}}}'),
            lambda v: karpathy(f'{{"filename": "b.jpg", "sentences": [{v}]}}'),
            lambda v: karpathy(
                f'{{"filename": "b.jpg", "filepath": {v}, "split": {v}, '
                f'"sentences": [{{"raw": {v}, "sentid": {v}}}]}}'
            ),
        ],
    ),
}


@pytest.mark.parametrize("value", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize(
    ("read", "content"),
    [(read, place) for read, places in PLACES.values() for place in places],
    ids=[
        f"{name}{k}" for name, (_, places) in PLACES.items() for k in range(len(places))
    ],
)
def test_a_strange_value_harms_no_other_entry(read, content, value, tmp_path, images):
    file = tmp_path / "captions.json"
    file.write_text(content(value))
    for reader in (read, read_captions):
        try:
            found = reader(file, images)
        except InputError as error:
            # The file as a whole is no JSON for Python.
            assert "captions.json" in str(error) and str(error).isprintable()
            assert len(str(error)) < 3000
            assert read is not read_captions_jsonl
            assert "valid JSON" in error.rule
            continue
        assert "A dog runs ." in found.captions()
        assert {e.path.parent for e in found} == {images}
        assert all(map(str.isprintable, map(str, found.problems)))
        assert all(len(line) < 1000 for line in found.report().splitlines())


@pytest.mark.parametrize("value", STRANGE.values(), ids=STRANGE)
def test_strange_results_are_refused_by_file(value, tmp_path):
    file = tmp_path / "results.json"
    for content in (
        value,
        f"[{value}]",
        f'[{{"image_id": {value}, "caption": 3}}]',
        f'[{{"image_id": 1, "caption": {value}}}]',
    ):
        file.write_text(content)
        try:
            found = read_results(file)
        except InputError as error:
            assert "results.json" in str(error) and len(str(error)) < 1000
        else:
            assert len(found) == 1


TABLE_NAMES = ["a\0.jpg", "a" * 5000, "a/" * 5000, "../../../../etc/passwd", "\x1b[2J"]


@pytest.mark.parametrize("name", TABLE_NAMES, ids=lambda name: ascii(name[:10]))
def test_strange_names_in_tables_and_lists_are_problems(name, tmp_path, images):
    file, names = tmp_path / "file.txt", tmp_path / "names.txt"
    for read, content in (
        (read_captions_csv, f"image,caption\n{name},A cat .\na.jpg,A dog runs ."),
        (read_flickr_tokens, f"{name}#0\tA cat .\na.jpg#0\tA dog runs ."),
    ):
        file.write_text(content)
        assert read(file, images).captions() == ["A dog runs ."]
        names.write_text(f"a.jpg\n{name}\n")
        assert read(file, images, names).captions() == ["A dog runs ."]
    file.write_text(f"{name}\ta.jpg#0\t1\na.jpg\ta.jpg#0\t1\t2\na.jpg\ta.jpg#0\tinf")
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("a.jpg#0\tA dog runs .")
    assert len(read_judgements(file, tokens, images).judged) == 1
    with pytest.raises(InputError, match=r"names\.txt"):
        read_unlabelled([images], names)


def no_files(folder: Path) -> dict[str, object]:
    """Return paths of what is no file."""
    pipe = folder / "pipe.json"
    os.mkfifo(pipe)
    # A reader would wait for a writer.
    (folder / "folder.json").mkdir()
    return {
        "pipe": pipe,
        "device": "/dev/zero",
        "folder": folder / "folder.json",
        "missing": folder / "none.json",
        "long": "a" * 5000,
        "zero": "a\0b.json",
    }


READ_A_FILE = {
    "any": lambda path, images: read_captions(path, images),
    "csv": read_captions_csv,
    "jsonl": read_captions_jsonl,
    "coco": read_coco_captions,
    "karpathy": read_karpathy_json,
    "tokens": read_flickr_tokens,
    "tar": read_webdataset,
    "unpaired": lambda path, _: read_unpaired_captions(path),
    "results": lambda path, _: read_results(path),
    "list": lambda path, images: read_unlabelled([images], path),
    "captions_in": read_caption_folder,
    "images": lambda path, _: read_captions(__file__, path),
}


@pytest.mark.parametrize("form", READ_A_FILE)
@pytest.mark.parametrize(
    "kind", ["pipe", "device", "folder", "missing", "long", "zero"]
)
def test_what_is_no_file_is_refused_by_name(form, kind, tmp_path, images):
    path = no_files(tmp_path)[kind]
    outcome: list[BaseException] = []

    def read() -> None:
        try:
            READ_A_FILE[form](path, images)
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "it waits for a pipe or a device"
    (error,) = outcome
    assert isinstance(error, InputError), error
    assert str(error).isprintable() and len(str(error)) < 1500


def test_what_may_not_be_read_is_named(tmp_path, images, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    file = tmp_path / "captions.json"
    file.write_text(json.dumps(GOOD))
    with monkeypatch.context() as patch:
        patch.setattr(text_files, "open", refuse, raising=False)
        with pytest.raises(InputError, match=r"Permission denied.*captions\.json"):
            read_captions(file, images)
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        with pytest.raises(InputError, match="Permission denied.*images"):
            read_captions(file, images)
    with monkeypatch.context() as patch:
        patch.setattr(paths.Path, "iterdir", refuse)
        with pytest.raises(InputError, match="Permission denied.*images"):
            read_captions(images, images)


def test_a_small_file_does_not_become_a_large_text(tmp_path, images, monkeypatch):
    monkeypatch.setattr(text_files, "MOST_BYTES", 1000)
    file = tmp_path / "captions.txt"
    for content in (b"a" * 1001, gzip.compress(b"a" * 1001)):
        file.write_bytes(content)
        with pytest.raises(InputError, match=r"at most 1,000 bytes.*captions\.txt"):
            read_captions(file, images)
    file.write_bytes(gzip.compress(b"image,caption\na.jpg,A dog ."))
    assert read_captions(file, images).captions() == ["A dog ."]
