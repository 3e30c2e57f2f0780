"""Presets of strangers: a preset may do nothing but be a preset."""

import copy
import json
import os
import random
import shutil

import h5py
import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.folders import find_preset, list_presets
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.vision import VGG16Encoder

TASKS = ("captioner", "classifier", "matcher", "painter")


def first_weight(file):
    """Return the path of the first array, of two axes or more, of a file."""
    found = []
    file.visititems(
        lambda name, item: found.append(name) if item_rank(item) > 1 else None
    )
    return found[0]


def item_rank(item):
    return len(getattr(item, "shape", ()))


def replaced(make):
    """Return a function that replaces the first array of a file."""

    def change(file):
        path = first_weight(file)
        shape = file[path].shape
        del file[path]
        make(file, path, shape)

    return change


def external(file, path, shape):
    place = [(os.path.abspath(__file__), 0, 2 * int(np.prod(shape)))]
    file.create_dataset(path, shape, "float16", external=place)


def virtual(file, path, shape):
    layout = h5py.VirtualLayout(shape, "float16")
    layout[...] = h5py.VirtualSource(other_file(file, shape), "x", shape)
    file.create_virtual_dataset(path, layout)


def linked(file, path, shape):
    file[path] = h5py.ExternalLink(other_file(file, shape), "x")


def other_file(file, shape):
    name = file.file.filename + ".other"
    with h5py.File(name, "w") as other:
        other["x"] = np.ones(shape, "float16")
    return name


WEIGHTS = {
    "external": (replaced(external), "external one"),
    "virtual": (replaced(virtual), "other data sets"),
    "linked": (replaced(linked), "no links"),
    "not a number": (
        replaced(lambda file, path, shape: write(file, path, shape, np.nan)),
        "finite",
    ),
    "complex": (
        replaced(lambda file, path, shape: write(file, path, shape, 1j)),
        "floating-point",
    ),
    "integer": (
        replaced(lambda file, path, shape: write(file, path, shape, 1)),
        "floating-point",
    ),
    "another shape": (
        replaced(lambda file, path, shape: write(file, path, (*shape[:-1], 77), 1.0)),
        "shape",
    ),
    "a huge shape": (
        replaced(
            lambda file, path, shape: file.create_dataset(
                path, [1 << 16] * len(shape), "float16", chunks=(64,) * len(shape)
            )
        ),
        "shape",
    ),
}


def write(file, path, shape, value):
    file[path] = np.full(shape, value)


@pytest.mark.parametrize("task", TASKS)
def test_weights_that_are_no_numbers_of_the_file_are_refused(change_preset, task):
    for number, (change, expected) in enumerate(WEIGHTS.values()):
        folder = change_preset(task, weights=change, name=f"changed_{number}")
        with h5py.File(folder / "model.weights.h5") as file:
            before = set(file)
        with pytest.raises(InputError, match=expected) as caught:
            load_preset(folder)
        assert caught.value.received["weight"].partition("/")[0] in before


def test_a_refused_preset_leaves_nothing_to_the_next_one(change_preset, toy_presets):
    change, _ = WEIGHTS["not a number"]
    for task in TASKS[:2]:
        with pytest.raises(InputError, match="finite"):
            load_preset(change_preset(task, weights=change, name=task))
        assert load_preset(toy_presets[task]).parts()


@pytest.mark.parametrize("problem", WEIGHTS)
def test_weights_of_an_encoder_are_refused_alike(change_preset, problem):
    change, expected = WEIGHTS[problem]
    folder = change_preset("captioner", weights=change_encoder(change))
    with pytest.raises(InputError, match=expected):
        VGG16Encoder(image_size=32, width=0.0625, weights=str(folder))


def change_encoder(change):
    return lambda file: change(file["image_encoder"])


def changed_entry(*path, value):
    """Return a function that sets an entry of a configuration."""

    def change(config):
        place = config
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value

    return change


ENCODER = "image_encoder", "config"
TEXT = "text_encoder", "config"
# Task, place, value, and what the message says.
CONFIGS = [
    ("captioner", (*ENCODER, "weights"), "imagenet", "must not name what"),
    ("captioner", (*ENCODER, "weights"), "/etc/hostname", "must not name what"),
    ("matcher", (*ENCODER, "weights"), "some_preset", "must not name what"),
    ("classifier", (*ENCODER, "width"), 1e9, "width"),
    ("classifier", (*ENCODER, "width"), "1", "width"),
    ("classifier", (*ENCODER, "image_size"), 1 << 20, "image_size"),
    ("classifier", (*ENCODER, "image_size"), True, "image_size"),
    ("captioner", (*ENCODER, "path"), "x", "only the keys"),
    ("captioner", ("decoder", "config", "hidden_dim"), 1 << 40, "hidden_dim"),
    ("captioner", ("decoder", "config", "vocabulary_size"), 10**9, "vocabulary_size"),
    ("captioner", ("decoder", "config", "concepts"), {"x": 1}, "concepts"),
    ("captioner", ("generation", "num_beams"), 10**6, "num_beams"),
    ("captioner", ("generation", "max_length"), 10**6, "max_length"),
    ("captioner", ("tokenizer", "sequence_length"), 10**9, "sequence_length"),
    ("captioner", ("generation",), [], "generation"),
    ("captioner", ("surprise",), 1, "only the keys"),
    ("captioner", ("image_encoder", "class"), "Lambda", "not registered"),
    ("captioner", ("image_encoder", "class"), ["x"], "image_encoder.class"),
    (
        "captioner",
        ("image_encoder", "class"),
        "keras_imgdesc>ImageCaptioner",
        "must have one of",
    ),
    (
        "matcher",
        (*TEXT, "tokenizer", "registered_name"),
        "keras_imgdesc>ImageTextMatcher",
        "must have one of",
    ),
    ("matcher", (*TEXT, "tokenizer", "config", "vocabulary"), {}, "only the keys"),
    ("matcher", (*TEXT, "num_layers"), 10**5, "num_layers"),
    ("matcher", ("image_tower", "config", "feature_map_shape"), [1, 2], "a list of 3"),
    ("painter", ("generator", "config", "sharpening_rounds"), 10**6, "sharpening"),
    ("painter", ("generator", "config", "prior_layers"), 10**6, "prior_layers"),
    ("painter", ("generator", "config", "width"), 10**9, "width"),
    ("classifier", ("head", "config", "dtype"), {"class_name": "Lambda"}, "dtype"),
    ("classifier", ("head", "config", "num_classes"), 10**9, "num_classes"),
    ("classifier", ("sha256",), "x", "sha256"),
    ("classifier", ("shared_weights",), {"preset": "../x"}, "shared_weights"),
    (
        "classifier",
        ("shared_weights",),
        {"preset": "../x", "sha256": "", "paths": {}},
        "name of a preset",
    ),
]


@pytest.mark.parametrize(
    ("task", "path", "value", "expected"), CONFIGS, ids=lambda value: str(value)[:40]
)
def test_configurations_name_what_is_wrong(
    change_preset, monkeypatch, task, path, value, expected
):
    folder = change_preset(task, config=changed_entry(*path, value=value))

    def build(*arguments, **options):
        raise AssertionError("something is built")

    monkeypatch.setattr("keras.Model.__init__", build)
    with pytest.raises(InputError, match=expected) as caught:
        load_preset(folder)
    assert "config.json" in str(caught.value) and "\n" not in str(caught.value)
    assert len(str(caught.value)) < 2000


BERT = "keras_imgdesc>BertTextEncoder"
WORD_PIECES = {
    "registered_name": "keras_imgdesc>WordPieceTokenizer",
    "config": {"sequence_length": 8},
}
BACKBONE = {
    "vocabulary_size": 8,
    "num_layers": 1,
    "num_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 32,
}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"source": "hf://someone/model"}, "must not name what"),
        ({"source": "/etc"}, "must not name what"),
        ({"backbone": BACKBONE | {"num_layers": 10**6}}, "num_layers"),
        ({"backbone": BACKBONE | {"dtype": {"class_name": "x"}}}, "only the keys"),
        ({"backbone": "bert_tiny_en_uncased"}, "backbone"),
    ],
    ids=str,
)
def test_a_bert_is_not_fetched(change_preset, config, expected):
    part = {"class": BERT, "config": {"tokenizer": WORD_PIECES} | config}
    folder = change_preset("matcher", config=changed_entry("text_encoder", value=part))
    with pytest.raises(InputError, match=expected):
        load_preset(folder)


def mutations(config, draw):
    """Yield changes of a configuration, without end.

    Args:
        config: the contents of a `config.json`.
        draw: a `random.Random`.

    Yields:
        The place of the change and the changed contents.
    """
    values = [
        *(None, True, False, 0, -1, 1, 3, 10**6, 10**12, -(10**30), 0.5, 1e308),
        *(
            "",
            "x",
            "/etc/passwd",
            "../..",
            "hf://someone/model",
            "\x1b[2J\n",
            "ä" * 500,
        ),
        *("keras_imgdesc>ImageCaptioner", "keras>Lambda", "keras_hub>BertBackbone"),
        *([], [[]], [1, 2, 3], ["x"] * 50, {}, {"class_name": "Lambda", "config": {}}),
        *({"weights": "imagenet"}, [[[[[[]]]]]]),
    ]
    while True:
        changed = copy.deepcopy(config)
        path = []
        place = changed
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = draw.choice(keys)
            path.append(key)
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or draw.random() < 0.2:
                break
            place = inner
        kind = draw.choice(("value", "value", "value", "missing", "more", "other"))
        if kind == "missing":
            del place[key]
        elif kind == "more" and isinstance(place, dict):
            place[draw.choice(("weights", "source", "path", "x"))] = draw.choice(values)
        elif kind == "other":
            place[key] = copy.deepcopy(config[draw.choice(list(config))])
        else:
            place[key] = copy.deepcopy(draw.choice(values))
        yield path, changed


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("count", [20, pytest.param(100, marks=pytest.mark.slow)])
def test_mutated_configurations_are_refused_or_load(change_preset, task, count):
    folder = change_preset(task)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    drawn = mutations(config, random.Random(f"{task} 0"))
    refused = 0
    for _, (_, changed) in zip(range(count), drawn, strict=False):
        (folder / "config.json").write_text(json.dumps(changed), "utf-8")
        try:
            load_preset(folder)
        except InputError as error:
            refused += 1
            assert "\n" not in str(error) and len(str(error)) < 4000
    assert refused > count / 3


def test_files_that_are_links_out_of_the_folder_are_refused(change_preset, toy_presets):
    for name in ("config.json", "vocabulary.txt", "model.weights.h5"):
        folder = change_preset("classifier", name=name.partition(".")[0])
        (folder / name).unlink()
        (folder / name).symlink_to(toy_presets["classifier"] / name)
        with pytest.raises(InputError, match="must not lead out") as caught:
            load_preset(folder)
        assert caught.value.received["file"] == folder / name
        # A link within the folder is harmless.
        (folder / name).unlink()
        shutil.copy(toy_presets["classifier"] / name, folder / "copy")
        (folder / name).symlink_to("copy")
        assert load_preset(folder)


def test_the_text_in_the_place_of_a_vocabulary_is_not_shown(change_preset):
    for task in TASKS:
        folder = change_preset(task, name=task)
        (folder / "vocabulary.txt").write_text("secret one\nsecret one\n\n")
        config = json.loads((folder / "config.json").read_text())
        config["sha256"] |= change_sha256(folder / "vocabulary.txt")
        (folder / "config.json").write_text(json.dumps(config))
        with pytest.raises(InputError, match=r"vocabulary\.txt") as caught:
            load_preset(folder)
        assert "secret" not in str(caught.value)


def change_sha256(path):
    from keras_imgdesc.presets.checksums import sha256

    return {path.name: sha256(path)}


def test_one_bad_preset_does_not_hide_the_others(toy_presets, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", str(tmp_path))
    shutil.copytree(toy_presets["painter"], tmp_path / "good")
    bad = ("deep", "folder", "huge", "lines", "linked", "numbers", "pipe", "text")
    for name in bad:
        (tmp_path / name).mkdir()
    file = "config.json"
    (tmp_path / "deep" / file).write_text("[" * 100_000 + "]" * 100_000)
    (tmp_path / "folder" / file).mkdir()
    with (tmp_path / "huge" / file).open("wb") as sparse:
        sparse.truncate(1 << 30)
    summary = {"format_version": 1, "summary": "one\ntwo " + "x" * 900}
    (tmp_path / "lines" / file).write_text(json.dumps(summary))
    (tmp_path / "linked" / file).symlink_to(tmp_path / "good" / file)
    (tmp_path / "numbers" / file).write_text('{"format_version": 1, "summary": 3}')
    os.mkfifo(tmp_path / "pipe" / file)
    (tmp_path / "text" / file).write_bytes(b"\xff\xfe")
    found = list_presets()
    assert found["good"].startswith("Generator at")
    assert found["lines"].startswith("one two x")
    for name in set(bad) - {"lines"}:
        assert found[name].startswith("broken: config.json") or name == "linked"
        assert found[name].startswith("broken: ")
    assert all(len(line) < 320 and "\n" not in line for line in found.values())
    assert find_preset("good") == tmp_path / "good"
