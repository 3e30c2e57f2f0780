"""Images that were moved are found in their new place."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc import ImageError, InputError
from keras_imgdesc.images import load_image
from keras_imgdesc.matching import SearchIndex


class ColourMatcher:
    """A matcher whose vectors are mean colours; it counts what it reads."""

    embedding_dim, global_scale, use_local = 3, 1.0, False

    def __init__(self):
        self.read: list[str] = []

    def fingerprint(self):
        return "colour"

    def embed_images(self, images):
        (found,) = self.embed_images_stream(images)
        return type("Embedded", (), {"vectors": found[1][0][None]})

    def embed_images_stream(self, sources, batch_size=1):
        for source in sources:
            self.read.append(str(source))
            try:
                vector = np.asarray(load_image(source)).mean(axis=(0, 1)) + 1
            except ImageError as error:
                yield source, error
            else:
                yield source, (vector / np.linalg.norm(vector), None)


@pytest.fixture
def matcher():
    return ColourMatcher()


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for name, colour in (("a", "red"), ("deep/b", "lime"), ("c", "blue")):
        Image.new("RGB", (8, 8), colour).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def index(matcher, photos, tmp_path):
    place = tmp_path / "index"
    SearchIndex.update(matcher, photos, place, progress=False)
    matcher.read.clear()
    return place


def found(index, matcher, colour="red", k=9):
    searched = SearchIndex(index, matcher)
    hits = searched.search(image=Image.new("RGB", (8, 8), colour), k=k)
    return [hit.path for hit in hits], searched.left_out


def test_moved_images_are_found_without_reading_them(index, matcher, photos, tmp_path):
    new = tmp_path / "moved"
    before, _ = found(index, matcher)
    photos.rename(new)
    assert found(index, matcher)[0] == []
    matcher.read.clear()
    done = SearchIndex.relocate(index, photos, new)
    assert (done.moved, done.missing) == (3, [])
    after, left_out = found(index, matcher)
    expected = [path.replace(str(photos), str(new)) for path in before]
    assert (after, left_out) == (expected, {})
    matcher.read.clear()
    update = SearchIndex.update(matcher, new, index, progress=False)
    assert (update.unchanged, update.removed, matcher.read) == (3, 0, [])


def test_a_relocation_across_shards_keeps_the_vectors(matcher, photos, tmp_path):
    from keras_imgdesc.matching.index.relocating import relocate_index

    index = tmp_path / "index"
    SearchIndex.update(matcher, photos, index, shard_size=2, progress=False)
    photos.rename(tmp_path / "moved")
    relocate_index(index, photos, tmp_path / "moved", shard_size=2)
    for name, colour in (("a", "red"), ("deep/b", "lime"), ("c", "blue")):
        best = found(index, matcher, colour, k=1)[0]
        assert best == [str(tmp_path / "moved" / f"{name}.png")]


def test_what_is_not_in_the_new_place_stays_as_it_is(index, matcher, photos, tmp_path):
    new = tmp_path / "moved"
    new.mkdir()
    (photos / "a.png").rename(new / "a.png")
    done = SearchIndex.relocate(index, photos, new)
    missing = [str(new / name) for name in ("c.png", "deep/b.png")]
    assert done.moved == 1 and sorted(done.missing) == missing
    paths = sorted(found(index, matcher)[0])
    kept = [str(photos / name) for name in ("c.png", "deep/b.png")]
    assert paths == [str(new / "a.png"), *kept]


def test_images_that_are_in_both_places_are_named(index, photos, tmp_path, caplog):
    shutil.copytree(photos, tmp_path / "copy")
    (photos / "c.png").unlink()
    assert SearchIndex.relocate(index, photos, tmp_path / "copy").moved == 3
    assert "still in the old place: 2, first " in caplog.text
    caplog.clear()
    shutil.rmtree(photos)
    (tmp_path / "copy").rename(photos)
    SearchIndex.relocate(index, tmp_path / "copy", photos)
    assert not caplog.text


def test_wrong_places_are_refused(index, matcher, photos, tmp_path):
    for old, new, named in (
        (tmp_path / "none", photos, "old place.*for_example=.*a.png"),
        (photos, tmp_path / "none", "new place.*missing=.*none/a.png"),
        (photos, photos / ".", "must differ"),
    ):
        with pytest.raises(InputError, match=named):
            SearchIndex.relocate(index, old, new)
    with pytest.raises(InputError, match="must be an index"):
        SearchIndex.relocate(tmp_path / "none", photos, tmp_path)
    assert len(found(index, matcher)[0]) == 3


def test_a_gone_image_is_no_hit_and_is_named(index, matcher, photos):
    os.unlink(photos / "a.png")
    paths, left_out = found(index, matcher, "red", k=2)
    assert sorted(paths) == [str(photos / "c.png"), str(photos / "deep/b.png")]
    assert left_out == {str(photos / "a.png"): "The file is gone"}


def test_an_update_drops_gone_images_of_every_folder(index, matcher, photos, tmp_path):
    new = tmp_path / "moved"
    photos.rename(new)
    done = SearchIndex.update(matcher, new, index, progress=False)
    assert (done.added, done.removed, done.images) == (3, 3, 3)
    assert found(index, matcher)[1] == {}


@pytest.mark.parametrize("given", ["photos", "photos/*.png", "photos/a.png"])
def test_the_last_image_leaves_an_empty_index(matcher, photos, tmp_path, given):
    place, given = tmp_path / "index", tmp_path / given
    os.unlink(photos / "deep/b.png")
    os.unlink(photos / "c.png")
    SearchIndex.update(matcher, given, place, progress=False)
    os.unlink(photos / "a.png")
    done = SearchIndex.update(matcher, given, place, progress=False)
    assert (done.removed, done.images, done.failed) == (1, 0, {})
    assert len(SearchIndex(place, matcher)) == 0
    assert found(place, matcher) == ([], {})
    # It can be filled again.
    Image.new("RGB", (8, 8)).save(photos / "a.png")
    assert SearchIndex.update(matcher, given, place, progress=False).images == 1


def test_a_folder_that_is_gone_is_not_taken_for_an_empty_one(
    index, matcher, photos, tmp_path, monkeypatch
):
    photos.rename(tmp_path / "moved")
    for given in (photos, photos / "*.png"):
        with pytest.raises(InputError, match="is gone.*images=3.*--relocate"):
            SearchIndex.update(matcher, given, index, progress=False)
    # An empty path, of a shell variable that is not set, is not the current folder.
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="must not be empty"):
        SearchIndex.update(matcher, "", index, progress=False)
    assert len(SearchIndex(index)) == 3
