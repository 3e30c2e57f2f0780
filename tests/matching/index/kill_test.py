"""A search index survives a kill at any moment."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc import InputError, atomic_files
from keras_imgdesc.matching import SearchIndex


class Killed(BaseException):
    """What stands for a kill inside a process."""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(9):
        pixels = generator.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def hits_of(matcher, place):
    hits = SearchIndex(place, matcher).search("a red circle", k=999)
    return [(hit.path, round(hit.similarity, 4)) for hit in hits]


def test_wherever_it_stops_the_index_is_whole(
    toy_matcher, folder, tmp_path, monkeypatch
):
    def update(place):
        return SearchIndex.update(
            toy_matcher, folder, place, batch_size=2, shard_size=3, progress=False
        )

    update(tmp_path / "expected")
    expected = hits_of(toy_matcher, tmp_path / "expected")
    replace, fsync = os.replace, os.fsync
    # Three steps a file (flush, rename, flush the folder): 3 shards of 2 files and a
    # manifest each.
    for stop in range(3 * 9):
        place = tmp_path / f"index{stop}"
        steps = iter(range(99))

        def step(function, *arguments):
            if next(steps) == stop:  # noqa: B023
                raise Killed
            function(*arguments)

        with monkeypatch.context() as patched:
            patched.setattr(atomic_files.os, "replace", lambda *a: step(replace, *a))
            patched.setattr(atomic_files.os, "fsync", lambda *a: step(fsync, *a))
            with pytest.raises(Killed):
                update(place)
        committed = (stop + 1) // 9 * 3
        if committed:
            assert len(SearchIndex(place, toy_matcher)) == committed
        else:
            with pytest.raises(InputError, match="must be an index"):
                SearchIndex(place, toy_matcher)
        done = update(place)
        assert (done.added, done.unchanged) == (9 - committed, committed)
        assert hits_of(toy_matcher, place) == expected
        assert sorted(file.name for file in place.iterdir()) == sorted(
            file.name for file in (tmp_path / "expected").iterdir()
        )


def test_a_killed_process_loses_one_shard_at_most(toy_matcher, folder, tmp_path):
    for number in range(9, 400):
        os.link(folder / f"{number % 9}.png", folder / f"{number}.png")
    toy_matcher.save_to_preset(tmp_path / "preset")
    place = tmp_path / "index"
    program = (
        "import time\n"
        "from keras_imgdesc import ImageTextMatcher, SearchIndex\n"
        f"matcher = ImageTextMatcher.from_preset({str(tmp_path / 'preset')!r})\n"
        f"SearchIndex.update(matcher, {str(folder)!r}, {str(place)!r},\n"
        "    batch_size=2, shard_size=4, progress=False)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    try:
        deadline = time.monotonic() + 120
        while _shards(place) < 3:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.001)
        with pytest.raises(InputError, match="one process at a time"):
            SearchIndex.update(toy_matcher, folder, place, progress=False)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    from keras_imgdesc import ImageTextMatcher

    matcher = ImageTextMatcher.from_preset(tmp_path / "preset")
    kept = len(SearchIndex(place, matcher))
    assert 12 <= kept < 400 and kept % 4 == 0
    done = SearchIndex.update(matcher, folder, place, progress=False)
    assert (done.added, done.unchanged) == (400 - kept, kept)
    SearchIndex.update(matcher, folder, tmp_path / "expected", progress=False)
    found, expected = (hits_of(matcher, p) for p in (place, tmp_path / "expected"))
    assert {path for path, _ in found} == {path for path, _ in expected}
    np.testing.assert_allclose(
        [s for _, s in found], [s for _, s in expected], atol=1e-3
    )


def _shards(place):
    try:
        return len(json.loads((place / "manifest.json").read_text())["shards"])
    except FileNotFoundError:
        return 0
