"""Tests of load_scenes and of the builder behind it."""

import socket

import numpy as np
import pytest
import tensorflow_datasets as tfds

from keras_imgdesc.data import load_scenes
from keras_imgdesc.data.scenes import caption_scene, graph_matches, make_scene
from keras_imgdesc.data.scenes.builder import Scenes
from keras_imgdesc.errors import InputError

COUNTS = {"train": 300, "validation": 60, "test": 60, "composition": 60}


def refuse(*arguments: object, **options: object) -> None:
    raise AssertionError("the network was asked")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        load_scenes("validation", "tiny", data_dir=folder)
    return folder


@pytest.mark.parametrize("split", COUNTS)
def test_splits_hold_the_scenes_in_order(data_dir, split):
    collection = load_scenes(split, "tiny", data_dir=data_dir)
    assert len(collection) == COUNTS[split]
    assert collection.problems == []
    for number, example in enumerate(collection):
        graph, image = make_scene(split, number)
        assert example.image_id == f"{split}-{number:05d}"
        assert np.array_equal(example.image, image)
        assert example.captions == caption_scene(graph)
        assert example.extra["scene_graph"] == graph
        assert all(graph_matches(caption, graph) for caption in example.captions)


def test_held_out_pairs_are_in_composition_alone(data_dir):
    for split in COUNTS:
        for example in load_scenes(split, "tiny", data_dir=data_dir):
            objects = example.extra["scene_graph"].objects
            assert any(x.is_held_out for x in objects) == (split == "composition")


def test_a_limit_takes_the_first(data_dir):
    collection = load_scenes("test", "tiny", data_dir=data_dir, limit=7)
    assert [example.image_id[-2:] for example in collection] == [
        f"{n:02d}" for n in range(7)
    ]
    assert len(load_scenes("test", "tiny", data_dir=data_dir, limit=999)) == 60


def test_nothing_goes_to_standard_output(tmp_path, capsys):
    load_scenes("test", "tiny", data_dir=tmp_path, limit=1)
    assert capsys.readouterr().out == ""


def test_it_is_a_data_set_like_any_other(data_dir):
    dataset, info = tfds.load(
        "scenes/tiny", split="test", data_dir=data_dir, with_info=True
    )
    assert info.splits["test"].num_examples == 60
    row = next(iter(dataset))
    assert row["image"].shape == (96, 96, 3)
    assert row["captions"].shape == (5,)
    default = Scenes.builder_configs["default"].counts
    assert default == {
        "train": 12_000,
        "validation": 1_000,
        "test": 2_000,
        "composition": 2_000,
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "dev"}, "train, validation, test, composition"),
        ({"split": "test", "config": "huge"}, "default, large, tiny"),
        ({"split": "test", "limit": 0}, "at least 1"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        load_scenes(**arguments, data_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
