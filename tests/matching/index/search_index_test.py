"""Images are found by text or by another image."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc import InputError
from keras_imgdesc.errors import UnknownWordsWarning
from keras_imgdesc.matching import SearchIndex
from keras_imgdesc.matching.index.files import (
    ShardImages,
    new_manifest,
    write_manifest,
    write_shard,
)


@pytest.fixture
def folder(tmp_path, photos):
    """Five images, and a file that is not an image."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, photo in enumerate(photos):
        Image.fromarray(photo).save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes(b"not an image")
    return folder


@pytest.fixture
def place(tmp_path):
    return tmp_path / "index"


def write_vectors(place, vectors, shard_size):
    """Write an index of vectors whose image files do not exist."""
    place.mkdir()
    manifest = new_manifest("none", vectors.shape[1], None)
    for start in range(0, len(vectors), shard_size):
        block = vectors[start : start + shard_size]
        names = {f"{start + row}.jpg": (0, 0) for row in range(len(block))}
        number = len(manifest["shards"])
        entry = write_shard(place, number, block, ShardImages(names))
        manifest["shards"].append(entry)
    write_manifest(place, manifest)


def test_a_text_finds_the_most_similar_images(toy_matcher, folder, place):
    done = SearchIndex.update(toy_matcher, folder, place, progress=False)
    assert (done.added, done.images) == (5, 5)
    assert [os.path.basename(name) for name in done.failed] == ["broken.png"]
    index = SearchIndex(place, toy_matcher)
    hits = index.search("a red circle", k=3)
    paths = [str(folder / f"{number}.png") for number in range(5)]
    vectors = toy_matcher.embed_images(paths).vectors
    expected = vectors @ toy_matcher.embed_texts("a red circle").vectors[0]
    order = np.argsort(-expected)[:3]
    assert [hit.path for hit in hits] == [paths[number] for number in order]
    np.testing.assert_allclose(
        [hit.similarity for hit in hits], expected[order], atol=1e-5
    )


def test_reranking_sorts_the_best_by_f(toy_matcher, folder, place):
    SearchIndex.update(toy_matcher, folder, place, progress=False)
    index = SearchIndex(place, toy_matcher)
    paths = [str(folder / f"{number}.png") for number in range(5)]
    scores = toy_matcher.score(paths, ["square above circle"])[:, 0]
    order = np.argsort(-scores)
    # The order by the global term differs, or this would test nothing.
    by_similarity = [hit.path for hit in index.search("square above circle")]
    assert by_similarity != [paths[number] for number in order]
    hits = index.search("square above circle", k=3, rerank=5)
    assert [hit.path for hit in hits] == [paths[number] for number in order[:3]]
    np.testing.assert_allclose(
        [hit.score for hit in hits], scores[order[:3]], atol=1e-3
    )
    # Only the most similar images are read again.
    few = index.search("square above circle", k=2, rerank=1)
    assert {hit.path for hit in few} == set(by_similarity[:2])

    os.unlink(paths[order[0]])
    hits = index.search("square above circle", k=3, rerank=5)
    assert [hit.path for hit in hits] == [paths[number] for number in order[1:4]]


def test_an_image_finds_itself(toy_matcher, folder, place):
    SearchIndex.update(toy_matcher, folder, place, progress=False)
    index = SearchIndex(place, toy_matcher)
    for number in range(5):
        path = str(folder / f"{number}.png")
        best = index.search(image=path, k=1)[0]
        assert best.path == path and best.similarity == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("shard_size", [1000, 64, 7])
@pytest.mark.parametrize("k", [1, 10, 2000])
@pytest.mark.parametrize("more_queries", [0, 20])
def test_the_search_is_exact(place, monkeypatch, shard_size, k, more_queries):
    from keras_imgdesc.matching.index import search_index

    monkeypatch.setattr(search_index, "_LARGEST_BLOCK", 500)
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(1000, 16)).astype("f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[500:600] = vectors[:100]  # equal vectors in other shards and blocks
    write_vectors(place, vectors, shard_size)
    queries = vectors[[3, 700, *range(10, 10 + more_queries)]]
    found = SearchIndex(place).search_vectors(queries, k)
    for query, hits in zip(queries, found, strict=True):
        similarities = vectors @ query
        assert len(hits) == min(k, 1000)
        got = [int(hit.path.removesuffix(".jpg")) for hit in hits]
        assert len(set(got)) == len(got)
        np.testing.assert_allclose(
            similarities[got], np.sort(similarities)[::-1][:k], atol=1e-6
        )
    if k == 10 and not more_queries:
        assert [hit.path for hit in found[0][:2]] == ["3.jpg", "503.jpg"]


def test_only_new_and_changed_images_are_embedded(
    toy_matcher, folder, place, photos, monkeypatch
):
    embedded = []
    embed = toy_matcher.embed_images_stream

    def record(sources, **options):
        sources = list(sources)
        embedded.append([os.path.basename(name) for name in sources])
        return embed(sources, **options)

    monkeypatch.setattr(toy_matcher, "embed_images_stream", record)
    SearchIndex.update(toy_matcher, folder, place, progress=False)
    done = SearchIndex.update(toy_matcher, folder, place, progress=False)
    assert embedded.pop() == []
    assert (done.unchanged, done.added, len(done.failed)) == (5, 0, 1)

    Image.fromarray(photos[0]).save(folder / "new.png")
    Image.fromarray(photos[4][:20]).save(folder / "1.png")
    (folder / "2.png").unlink()
    (folder / "3.png").write_bytes(b"not an image any more")
    Image.fromarray(photos[2]).save(folder / "broken.png")
    done = SearchIndex.update(toy_matcher, folder, place, progress=False)
    assert sorted(embedded.pop()) == ["1.png", "3.png", "broken.png", "new.png"]
    assert (done.added, done.changed, done.removed, done.unchanged) == (2, 1, 1, 2)
    assert list(done.failed) == [str(folder / "3.png")]
    index = SearchIndex(place, toy_matcher)
    names = {os.path.basename(hit.path) for hit in index.search("a circle", k=99)}
    assert names == {"0.png", "1.png", "4.png", "broken.png", "new.png"}
    best = index.search(image=str(folder / "1.png"), k=1)[0]
    assert best.path == str(folder / "1.png")
    assert best.similarity == pytest.approx(1, abs=1e-4)


def test_another_folder_removes_nothing(toy_matcher, folder, place, tmp_path):
    SearchIndex.update(toy_matcher, folder, place, progress=False)
    other = tmp_path / "photos2"
    other.mkdir()
    os.link(folder / "0.png", other / "0.png")
    done = SearchIndex.update(toy_matcher, other, place, progress=False)
    assert (done.added, done.removed, done.images) == (1, 0, 6)


def test_names_of_any_bytes_are_kept(toy_matcher, folder, place):
    name = os.fsencode(folder) + b"/\xff \xe9\n.png"
    os.rename(folder / "0.png", name)
    SearchIndex.update(toy_matcher, folder, place, progress=False)
    hits = SearchIndex(place, toy_matcher).search("a circle", k=99)
    assert os.fsdecode(name) in [hit.path for hit in hits]
    done = SearchIndex.update(toy_matcher, folder, place, progress=False)
    assert done.unchanged == 5


def test_an_index_of_another_model_is_refused(
    toy_matcher, fresh_matcher, folder, place
):
    SearchIndex.update(toy_matcher, folder, place, preset="toy", progress=False)
    other = fresh_matcher(shake=False)
    for use in (
        lambda: SearchIndex(place, other),
        lambda: SearchIndex.update(other, folder, place, progress=False),
    ):
        with pytest.raises(InputError, match="matcher that built it.*toy"):
            use()


def test_an_index_of_another_version_is_refused(toy_matcher, folder, place):
    SearchIndex.update(toy_matcher, folder, place, progress=False)
    manifest = json.loads((place / "manifest.json").read_text())
    (place / "manifest.json").write_text(json.dumps(manifest | {"format_version": 2}))
    with pytest.raises(InputError, match="format_version=2"):
        SearchIndex(place, toy_matcher)


@pytest.mark.parametrize("name", ["manifest.json", "vectors-*.npy", "pictures-*.json"])
@pytest.mark.parametrize("damage", ["byte", "cut", "empty", "missing"])
def test_a_damaged_index_is_refused(toy_matcher, folder, place, name, damage):
    SearchIndex.update(toy_matcher, folder, place, progress=False)
    (file,) = place.glob(name)
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "byte":
        middle = len(content) // 2
        changed = bytes([content[middle] ^ 1])
        file.write_bytes(content[:middle] + changed + content[middle + 1 :])
    else:
        file.write_bytes(content[: -9 if damage == "cut" else 0])
    with pytest.raises(InputError, match=r"missing or damaged|must be an index"):
        SearchIndex(place, toy_matcher)


def test_invalid_searches_are_refused(toy_matcher, folder, place):
    SearchIndex.update(toy_matcher, folder, place, progress=False)
    index = SearchIndex(place, toy_matcher)
    for use in (
        lambda: index.search(""),
        lambda: index.search(" \n"),
        lambda: index.search("\U0001f426"),
        lambda: index.search("three unknown words"),
        lambda: index.search(),
        lambda: index.search("a", image=folder / "0.png"),
        lambda: index.search("a", k=0),
        lambda: index.search(image=folder / "broken.png"),
        lambda: index.search_vectors(np.ones((1, 9))),
        lambda: SearchIndex(place).search("a circle"),
    ):
        with pytest.raises(InputError, match="Received"):
            use()
    assert len(index.search("red " * 10_000, k=2)) == 2
    with pytest.warns(UnknownWordsWarning, match="the matcher: 鳥"):
        assert len(index.search("a 鳥", k=2)) == 2


def test_unusable_inputs_are_refused(
    toy_matcher, fresh_matcher, folder, place, tmp_path
):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="must have images"):
        SearchIndex.update(toy_matcher, empty, place, progress=False)
    with pytest.raises(InputError, match="None of the images"):
        SearchIndex.update(toy_matcher, folder / "broken.png", place, progress=False)
    with pytest.raises(InputError, match="global term"):
        matcher = fresh_matcher(use_global=False)
        SearchIndex.update(matcher, folder, place, progress=False)
    with pytest.raises(InputError, match="new or empty folder"):
        SearchIndex.update(toy_matcher, folder, folder, progress=False)
    with pytest.raises(InputError, match="must be an index"):
        SearchIndex(tmp_path / "nowhere", toy_matcher)
