"""Damaged files end in a collection with named problems, or in an `InputError`."""

import copy
import csv
import gzip
import io
import json
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keras_imgdesc.data import CaptionCollection, Problem, read_captions
from keras_imgdesc.data.readers import (
    read_caption_folder,
    read_captions_csv,
    read_captions_jsonl,
    read_coco_captions,
    read_flickr_tokens,
    read_karpathy_json,
    read_webdataset,
)
from keras_imgdesc.data.readers.judgements import read_judgements
from keras_imgdesc.data.readers.unpaired_captions import read_unpaired_captions
from keras_imgdesc.errors import InputError

VARIANTS = 20
NAMES = [f"{letter}.jpg" for letter in "abcdef"]
CAPTIONS = {name: [f"A {name[0]} runs .", f'The "{name[0]}" , é .'] for name in NAMES}
PAIRS = [(name, text) for name, texts in CAPTIONS.items() for text in texts]
# What a field may become.
VALUES = [None, True, -1, 1.5, "", "\ud800", [], ["A dog ."], [[1]], {}, {"raw": 2}]


def table(rows: list[list[Any]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode("utf-8", "surrogatepass")


def as_json(content: object) -> bytes:
    return json.dumps(content).encode()


def json_lines(records: list[object]) -> bytes:
    return b"\n".join(map(as_json, records))


def tokens(rows: list[list[Any]]) -> bytes:
    lines = ["\t".join(map(str, row)) for row in rows]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def tar(members: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for number, (name, content) in enumerate(members.items()):
            entry = tarfile.TarInfo(name)
            entry.mtime = number + 0.5  # in a header of its own
            content = content if isinstance(content, bytes) else as_json(content)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


FLAGS = {"is_rejected": False, "is_precanned": False}
# By reader: the content, and how it is written.
CONTENTS: dict[str, tuple[Any, Callable[[Any], bytes]]] = {
    "csv": ([["image", "caption"], *map(list, PAIRS)], table),
    "wide": (
        [
            ["filename", "caption_0", "caption_1", "split"],
            *([name, *texts, "train"] for name, texts in CAPTIONS.items()),
        ],
        table,
    ),
    "hugging_face": (
        [
            ["raw", "sentids", "split", "filename", "img_id"],
            *(
                [json.dumps(texts), "[0, 1]", "train", name, number]
                for number, (name, texts) in enumerate(CAPTIONS.items())
            ),
        ],
        table,
    ),
    "jsonl": ([{"file_name": n, "text": t, **FLAGS} for n, t in PAIRS], json_lines),
    "records": ([{"image": n, "caption": t} for n, t in CAPTIONS.items()], as_json),
    "gzip": (
        [{"image": n, "captions": t} for n, t in CAPTIONS.items()],
        lambda records: gzip.compress(json_lines(records), mtime=0),
    ),
    "karpathy": (
        {
            "images": [
                {
                    "filename": name,
                    "filepath": "train",
                    "split": "train",
                    "sentences": [{"raw": text, "sentid": 1} for text in texts],
                }
                for name, texts in CAPTIONS.items()
            ]
        },
        as_json,
    ),
    "coco": (
        {
            "images": [{"id": n, "file_name": n} for n in CAPTIONS],
            "annotations": [
                {"id": n % 2, "image_id": name, "caption": text, **FLAGS}
                for n, (name, text) in enumerate(PAIRS)
            ],
        },
        as_json,
    ),
    "tokens": (
        [[f"{name}#{n % 2}", text] for n, (name, text) in enumerate(PAIRS)],
        tokens,
    ),
    "webdataset": (
        {
            f"{name[0]}{suffix}": content
            for name, texts in CAPTIONS.items()
            for suffix, content in (
                (".jpg", b"an image " * 100),
                (".json", {"caption": texts, **FLAGS}),
                (".txt", texts[0].encode()),
            )
        },
        tar,
    ),
    "judgements": (
        [[name, f"{name}#0", "1", "2", "4"] for name in NAMES],
        tokens,
    ),
    "unpaired": ([[name, text] for name, text in PAIRS], tokens),
}
READERS = {
    "csv": read_captions_csv,
    "wide": read_captions_csv,
    "hugging_face": read_captions_csv,
    "jsonl": read_captions_jsonl,
    "records": read_captions_jsonl,
    "gzip": read_captions_jsonl,
    "karpathy": read_karpathy_json,
    "coco": read_coco_captions,
    "tokens": read_flickr_tokens,
    "webdataset": read_webdataset,
}


def change_a_field(content: Any, chance: random.Random) -> None:
    """Change, remove or repeat something in nested lists and dicts."""
    while True:
        inner = content if isinstance(content, list | dict) else None
        if not inner:
            return
        key = chance.choice(
            list(inner) if isinstance(inner, dict) else range(len(inner))
        )
        if isinstance(inner[key], list | dict) and inner[key] and chance.random() < 0.8:
            content = inner[key]
            continue
        fault = chance.randrange(4)
        if fault == 0:
            del inner[key]
        elif fault == 1 and isinstance(inner, list):
            inner.insert(key, copy.deepcopy(chance.choice([*VALUES, inner[key]])))
        elif fault == 2 and isinstance(inner, dict):
            inner[key + "_"] = inner.pop(key)
        else:
            inner[key] = copy.deepcopy(chance.choice(VALUES))
        return


def change_bytes(content: bytes, chance: random.Random) -> bytes:
    """Cut a file off, change, remove, insert or repeat some of its bytes."""
    if not content:
        return content
    start = chance.randrange(len(content))
    length = chance.choice([1, 1, 2, 10, 100, 600])
    piece = content[start : start + length]
    replacement = chance.choice(
        [b"", chance.randbytes(len(piece)), piece * 2, bytes(len(piece)), b'"', b"\n"]
    )
    if chance.random() < 0.2:
        return content[:start]
    return content[:start] + replacement + content[start + length :]


def damaged(form: str, seed: int) -> bytes:
    chance = random.Random(f"{form} {seed}")
    content, write = CONTENTS[form]
    content = json.loads(as_json(content)) if form != "webdataset" else dict(content)
    if form != "webdataset" and chance.random() < 0.6:
        for _ in range(chance.choice([1, 1, 3])):
            change_a_field(content, chance)
        return (
            write([r if isinstance(r, list) else [r] for r in content])
            if (write in (table, tokens))
            else write(content)
        )
    written = write(content)
    for _ in range(chance.choice([1, 1, 3])):
        written = change_bytes(written, chance)
    return written


def check(read: Callable[[], Any], file: Path) -> None:
    """Read; the problems can be printed, and an error names the file."""
    try:
        found = read()
    except InputError as error:
        assert file.name in str(error)
        str(error).encode()
        return
    if isinstance(found, list):
        assert all(found)
        return
    found.report().encode()
    for problem in found.problems:
        assert isinstance(problem, Problem) and problem.kind
        str(problem).encode()
    if isinstance(found, CaptionCollection):
        assert len(found) and all(e.captions for e in found)
        for caption in found.captions():
            assert caption.strip()
            caption.encode()


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in NAMES:
        (folder / name).touch()
    return folder


def read_damaged(form: str, seed: int, folder: Path, images: Path) -> None:
    """Check a damaged file with the reader of its format, and with any."""
    file = folder / ("file.tar" if form == "webdataset" else "file.txt")
    file.write_bytes(damaged(form, seed))
    if form == "judgements":
        whole = folder / "tokens.txt"
        whole.write_bytes(CONTENTS["tokens"][1](CONTENTS["tokens"][0]))
        check(lambda: read_judgements(file, whole, images), file)
    elif form == "unpaired":
        check(lambda: read_unpaired_captions(file), file)
    else:
        place = folder / f"unpacked{seed}" if form == "webdataset" else images
        check(lambda: READERS[form](file, place), file)
        check(lambda: read_captions(file, place), file)
        check(lambda: read_captions(file, None), file)


@pytest.mark.parametrize("form", CONTENTS)
def test_damaged_files_end_in_named_problems(form, tmp_path, images, caplog):
    for seed in range(VARIANTS):
        read_damaged(form, seed, tmp_path, images)


def test_damaged_folders_end_in_named_problems(tmp_path, images):
    for seed in range(VARIANTS):
        chance = random.Random(seed)
        for name, texts in CAPTIONS.items():
            text = images / f"{name[0]}.txt"
            text.write_bytes("\n".join(texts).encode())
        for _ in range(chance.choice([1, 3])):
            victim = images / f"{chance.choice('abcdef')}.txt"
            if chance.random() < 0.3:
                victim.unlink(missing_ok=True)
            elif victim.exists():
                victim.write_bytes(change_bytes(victim.read_bytes(), chance))
        check(lambda: read_caption_folder(images, images), images)


@pytest.mark.parametrize("form", ["csv", "jsonl", "records", "karpathy", "coco"])
def test_what_is_lost_is_counted(form, images, tmp_path):
    whole, write = CONTENTS[form]
    file = tmp_path / "file.txt"
    # A list of captions would replace the captions.
    values = [value for value in VALUES if value != ["A dog ."]]
    for seed in range(VARIANTS):
        chance = random.Random(seed)
        content = json.loads(as_json(whole))
        rows = content
        if isinstance(content, dict):
            rows = chance.choice([*content.values()])
        row = chance.choice(rows[1:])
        key = chance.choice(list(row) if isinstance(row, dict) else range(len(row)))
        row[key] = chance.choice(values)
        file.write_bytes(write(content))
        found = READERS[form](file, images)
        assert len(found.captions()) == len(PAIRS) or found.problems, (seed, key)
