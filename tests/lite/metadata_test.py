"""Metadata of strangers in `.tflite` files."""

import copy
import json
import random
import zipfile

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite import LiteCaptioner, LiteClassifier, LiteMatcher, LitePainter
from keras_imgdesc.lite.model_file import LiteFileError, read_model_file

CLASSES = {
    "captioner": LiteCaptioner,
    "classifier": LiteClassifier,
    "matcher": LiteMatcher,
    "painter": LitePainter,
}
VALUES = [
    *(None, True, -1, 0, 1, 10**6, 10**12, -(10**30), 0.5, "", "x", "ä" * 3000, "1"),
    *(
        [],
        [[]],
        [1, 2],
        [1, 10**6, 10**6, 3],
        {},
        {"size": -5, "sha256": 3},
        [[[[{}]]]],
    ),
]


@pytest.fixture
def rewrite(lite_presets, tmp_path):
    """Write the file of a task again: (task, metadata, vocabulary=)."""

    def write(task, metadata, vocabulary=None):
        whole = read_model_file(lite_presets[task] / f"{task}.tflite")
        size = whole.metadata["flatbuffer"]["size"]
        path = tmp_path / f"{task}.tflite"
        path.write_bytes(whole.path.read_bytes()[:size])
        tokens = "".join(f"{token}\n" for token in whole.tokens)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("vocabulary.txt", vocabulary if vocabulary else tokens)
            archive.writestr("keras_imgdesc.json", metadata)
        return path

    return write


@pytest.mark.parametrize("task", CLASSES)
def test_mutated_metadata_are_refused_or_load(lite_presets, rewrite, task):
    good = read_model_file(lite_presets[task] / f"{task}.tflite").metadata
    draw = random.Random(f"{task} 0")
    refused = 0
    for _ in range(40):
        changed = copy.deepcopy(good)
        place = changed
        while True:
            key = draw.choice(list(place) if isinstance(place, dict) else [0])
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or draw.random() < 0.3:
                break
            place = inner
        if draw.random() < 0.2:
            del place[key]
        else:
            place[key] = copy.deepcopy(draw.choice(VALUES))
        try:
            CLASSES[task](rewrite(task, json.dumps(changed)), 1)
        except InputError as error:
            refused += 1
            assert len(str(error)) < 4000
    assert refused > 10


@pytest.mark.parametrize(
    ("task", "path", "value", "expected"),
    [
        ("captioner", ("flatbuffer",), {"size": -5, "sha256": ""}, "flatbuffer.size"),
        ("captioner", ("flatbuffer", "size"), "5", "flatbuffer.size"),
        ("captioner", ("flatbuffer", "size"), 5, "is damaged"),
        ("captioner", ("vocabulary", "end_id"), 99, "belong to its vocabulary"),
        ("captioner", ("search",), None, "search"),
        (
            "captioner",
            ("signatures", "describe", "inputs", "image", "shape"),
            [1, 100_000, 100_000, 3],
            "image.shape",
        ),
        ("matcher", ("sequence_length",), 10**9, "sequence_length"),
        ("painter", ("signatures", "paint", "inputs"), {}, "noise"),
        ("painter", ("temperature",), "hot", "temperature"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_wrong_metadata_are_named(lite_presets, rewrite, task, path, value, expected):
    metadata = read_model_file(lite_presets[task] / f"{task}.tflite").metadata
    metadata = copy.deepcopy(metadata)
    place = metadata
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(LiteFileError, match=expected):
        CLASSES[task](rewrite(task, json.dumps(metadata)), 1)


def test_metadata_and_vocabulary_are_bounded(lite_presets, rewrite):
    for metadata in ("[" * 50_000 + "]" * 50_000, "[]", "{", '{"signatures": []}'):
        with pytest.raises(LiteFileError, match=r"keras_imgdesc\.json"):
            read_model_file(rewrite("classifier", metadata))
    good = read_model_file(lite_presets["classifier"] / "classifier.tflite").metadata
    with pytest.raises(LiteFileError, match="vocabulary may have"):
        read_model_file(rewrite("classifier", json.dumps(good), "secret" * 200))
    with pytest.raises(LiteFileError, match="one output per label"):
        LiteClassifier(rewrite("classifier", json.dumps(good), "one\ntwo\n3\n4\n"))
