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

# A matcher without TensorFlow, for this process and for the one that is killed: the
# vector of an image is its mean colour.
MATCHER = """
import numpy as np
from keras_imgdesc.images import load_image

class ColourMatcher:
    embedding_dim, global_scale = 3, 1.0

    def fingerprint(self):
        return "colour"

    def embed_images_stream(self, sources, batch_size):
        for source in sources:
            vector = np.asarray(load_image(source)).mean(axis=(0, 1))
            yield source, (vector / np.linalg.norm(vector), None)
"""
namespace = {}
exec(MATCHER, namespace)
ColourMatcher = namespace["ColourMatcher"]


class Killed(BaseException):
    """Stands for a kill within this process."""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(9):
        pixels = np.zeros((8, 8, 3), np.uint8) + generator.integers(1, 256, 3, np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def hits_of(index):
    hits = SearchIndex(index).search_vectors(np.eye(3)[:1], k=999)[0]
    return [(hit.path, hit.similarity) for hit in hits]


def test_a_kill_at_any_step_leaves_a_valid_index(folder, tmp_path, monkeypatch):
    def update(index):
        return SearchIndex.update(
            ColourMatcher(), folder, index, batch_size=2, shard_size=3, progress=False
        )

    update(tmp_path / "expected")
    expected = hits_of(tmp_path / "expected")
    assert len(expected) == 9
    replace, fsync = os.replace, os.fsync
    # Three steps per file (flush, rename, flush the folder): 3 shards of 2 files and a
    # manifest each.
    for stop in range(3 * 9):
        index = tmp_path / f"index{stop}"
        steps = iter(range(99))

        def step(function, *arguments):
            if next(steps) == stop:  # noqa: B023
                raise Killed
            function(*arguments)

        with monkeypatch.context() as patched:
            patched.setattr(atomic_files.os, "replace", lambda *a: step(replace, *a))
            patched.setattr(atomic_files.os, "fsync", lambda *a: step(fsync, *a))
            with pytest.raises(Killed):
                update(index)
        committed = (stop + 1) // 9 * 3
        if committed:
            assert len(SearchIndex(index)) == committed
        else:
            with pytest.raises(InputError, match="must be an index"):
                SearchIndex(index)
        done = update(index)
        assert (done.added, done.unchanged) == (9 - committed, committed)
        assert hits_of(index) == expected
        assert sorted(file.name for file in index.iterdir()) == sorted(
            file.name for file in (tmp_path / "expected").iterdir()
        )


def test_a_killed_process_loses_at_most_one_shard(folder, tmp_path):
    for number in range(9, 40):
        os.link(folder / f"{number % 9}.png", folder / f"{number}.png")
    index = tmp_path / "index"
    # After three shards and a half, the process waits for its end.
    program = MATCHER + (
        "import itertools, time\n"
        "from keras_imgdesc.matching import SearchIndex\n"
        "class Slow(ColourMatcher):\n"
        "    def embed_images_stream(self, sources, batch_size):\n"
        "        stream = super().embed_images_stream(sources, batch_size)\n"
        "        yield from itertools.islice(stream, 14)\n"
        "        time.sleep(600)\n"
        f"SearchIndex.update(Slow(), {str(folder)!r}, {str(index)!r},\n"
        "    batch_size=2, shard_size=4, progress=False)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    try:
        deadline = time.monotonic() + 120
        while _count_shards(index) < 3:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.001)
        with pytest.raises(InputError, match="one process at a time"):
            SearchIndex.update(ColourMatcher(), folder, index, progress=False)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(SearchIndex(index)) == 12
    done = SearchIndex.update(ColourMatcher(), folder, index, progress=False)
    assert (done.added, done.unchanged) == (28, 12)
    SearchIndex.update(ColourMatcher(), folder, tmp_path / "expected", progress=False)
    found, expected = (dict(hits_of(path)) for path in (index, tmp_path / "expected"))
    assert found == pytest.approx(expected, abs=1e-6) and len(found) == 40


def _count_shards(index):
    try:
        return len(json.loads((index / "manifest.json").read_text())["shards"])
    except FileNotFoundError:
        return 0
