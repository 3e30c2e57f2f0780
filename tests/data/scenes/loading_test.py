"""Tests of load_scenes and its builder."""

import contextlib
import io
import socket

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from keras_imgdesc.data import load_scenes
from keras_imgdesc.data.scenes import caption_scene, graph_matches, make_scene
from keras_imgdesc.data.scenes.builder import Scenes
from keras_imgdesc.errors import InputError

COUNTS = {"train": 300, "validation": 60, "test": 60, "composition": 60}


def refuse(*arguments: object, **options: object) -> None:
    raise AssertionError("no network may be used")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The folder of the data set, and what was printed when it was drawn."""
    folder = tmp_path_factory.mktemp("scenes")
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        load_scenes("validation", "tiny", data_dir=folder)
    return folder, output.getvalue()


@pytest.fixture(scope="module")
def data_dir(drawn):
    return drawn[0]


@pytest.mark.parametrize("split", COUNTS)
def test_splits_have_the_scenes_in_order(data_dir, split):
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
        # Held-out pairs are only in `composition`, but in all of its scenes.
        has_held_out = any(item.is_held_out for item in graph.objects)
        assert has_held_out == (split == "composition")


def test_a_limit_selects_the_first_images(data_dir):
    collection = load_scenes("test", "tiny", data_dir=data_dir, limit=7)
    assert [example.image_id[-2:] for example in collection] == [
        f"{n:02d}" for n in range(7)
    ]
    assert len(load_scenes("test", "tiny", data_dir=data_dir, limit=999)) == 60


def test_nothing_is_written_to_standard_output(drawn, capfd):
    folder, output = drawn
    assert output == ""
    load_scenes("test", "tiny", data_dir=folder, limit=1)
    assert capfd.readouterr().out == ""


def test_tensorflow_datasets_loads_scenes_by_name(data_dir):
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
def test_unknown_splits_and_configurations_are_refused(tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        load_scenes(**arguments, data_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    """TensorFlow Datasets raises an error of its own."""

    def fail(self, **options):
        try:
            raise tf.errors.ResourceExhaustedError(None, None, "No space left")
        except tf.errors.OpError as error:
            raise RuntimeError("Failed to finalize writing of split") from error

    monkeypatch.setattr(Scenes, "download_and_prepare", fail)
    with pytest.raises(InputError, match="data of Scenes could not be.*No space"):
        load_scenes("test", "tiny", data_dir=tmp_path)
