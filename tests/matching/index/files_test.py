"""The files of an index, whoever wrote them."""

import json
import shutil

import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.matching import SearchIndex
from keras_imgdesc.matching.index.files import (
    ShardImages,
    new_manifest,
    read_manifest,
    remove_unfinished,
    write_manifest,
    write_shard,
)
from keras_imgdesc.matching.index.locking import LOCK

VECTORS = np.eye(3, dtype="float32")


@pytest.fixture
def place(tmp_path):
    return write_index(
        tmp_path / "index", VECTORS, {f"/{n}.jpg": (1, 2) for n in "abc"}
    )


def write_index(place, vectors, indexed, **images):
    place.mkdir()
    manifest = new_manifest("none", 3, None)
    entry = write_shard(place, 0, vectors, ShardImages(indexed, **images))
    write_manifest(place, manifest | {"shards": [entry]})
    return place


def change(place, **changes):
    """Change the entry of the shard; the checksum of the manifest fits."""
    manifest = read_manifest(place)
    write_manifest(place, manifest | {"shards": [manifest["shards"][0] | changes]})


@pytest.mark.parametrize("kind", ["vectors", "pictures"])
@pytest.mark.parametrize("way", ["parent", "absolute", "link", "folder"])
def test_files_lie_in_the_folder_of_the_index(place, tmp_path, kind, way):
    name = read_manifest(place)["shards"][0][kind]
    outside = tmp_path / "outside"
    shutil.move(place / name, outside)
    if way == "link":
        (place / name).symlink_to(outside)
    elif way == "folder":
        (place / "inner").mkdir()
        shutil.copy(outside, place / "inner" / name)
        change(place, **{kind: f"inner/{name}"})
    else:
        change(place, **{kind: "../outside" if way == "parent" else str(outside)})
    with pytest.raises(InputError, match="missing or damaged"):
        SearchIndex(place)


def test_links_within_the_folder_are_read(place):
    name = read_manifest(place)["shards"][0]["vectors"]
    (place / name).rename(place / "moved.npy")
    (place / name).symlink_to("moved.npy")
    assert len(SearchIndex(place)) == 3


@pytest.mark.parametrize(
    ("vectors", "names"),
    [
        (VECTORS[:2], "abc"),
        (VECTORS[:, :2], "abc"),
        (np.eye(4, 3), "abc"),
        (VECTORS, "ab"),
        (VECTORS, ["a", "b", "c\0"]),
        (VECTORS, ["a", "b", "c" * 40_000]),
    ],
    ids=["fewer", "narrow", "more", "names", "nul", "long"],
)
def test_vectors_and_images_agree(tmp_path, vectors, names):
    place = write_index(tmp_path / "index", vectors, {name: (1, 2) for name in names})
    change(place, rows=3)
    with pytest.raises(InputError, match="missing or damaged"):
        SearchIndex(place).search_vectors(VECTORS)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_are_finite(tmp_path, value):
    vectors = VECTORS.copy()
    vectors[1, 1] = value
    place = write_index(tmp_path / "index", vectors, {n: (1, 2) for n in "abc"})
    index = SearchIndex(place)
    for queries in (VECTORS[:1], np.tile(VECTORS, (4, 1))):
        with pytest.raises(InputError, match="vectors of an index must be finite"):
            index.search_vectors(queries + 0.1)
    with pytest.raises(InputError, match="Vectors must be finite"):
        index.search_vectors(vectors)


def test_a_name_that_is_none_has_no_file(place):
    """`os.stat` raises a `ValueError` for it."""
    from keras_imgdesc.matching.index.files import is_gone

    assert is_gone("a\0") and not is_gone(str(place))


def test_the_manifest_is_not_a_link(place, tmp_path):
    shutil.move(place / "manifest.json", tmp_path / "manifest.json")
    (place / "manifest.json").symlink_to(tmp_path / "manifest.json")
    with pytest.raises(InputError, match="link"):
        SearchIndex(place)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(InputError, match="link"):  # and not a new index
        SearchIndex(place)


def test_a_failed_write_leaves_no_file_of_a_shard(place, monkeypatch):
    before = sorted(place.iterdir())

    def fail(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keras_imgdesc.matching.index.files.write_atomically", fail)
    with pytest.raises(OSError, match="No space left"):
        write_shard(place, 1, VECTORS, ShardImages())
    assert sorted(place.iterdir()) == before


def test_files_of_an_unfinished_index_are_removed(tmp_path):
    for name in ("vectors-00000.npy", LOCK, "mine.txt", "manifest.json"):
        (tmp_path / name).touch()
    remove_unfinished(tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    (tmp_path / "manifest.json").unlink()
    remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_value_of_another_type_is_refused_by_name(place):
    manifest = json.loads((place / "manifest.json").read_text())
    del manifest["sha256"]
    write_manifest(place, manifest | {"embedding_dim": "3"})
    with pytest.raises(InputError, match="an integer at `embedding_dim`"):
        SearchIndex(place)
