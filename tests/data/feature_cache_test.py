import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.data.feature_cache import FeatureCache, extract_features
from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import VGG16Encoder


@pytest.fixture(scope="module")
def encoder():
    encoder = VGG16Encoder(image_size=32, width=0.125)
    generator = np.random.default_rng(0)
    for variable in encoder.weights:
        variable.assign(generator.normal(0, 0.1, variable.shape))
    return encoder


def pictures(count: int) -> tuple[list[np.ndarray], list[str]]:
    generator = np.random.default_rng(1)
    arrays = generator.integers(0, 256, (count, 32, 32, 3), np.uint8)
    return list(arrays), [f"picture {i}" for i in range(count)]


def extract(encoder, count, path, **options):
    sources, names = pictures(count)
    return extract_features(
        encoder, sources, names, path, batch_size=4, progress=False, **options
    )


def test_maps_are_those_of_the_encoder_in_any_order(encoder, tmp_path):
    cache = extract(encoder, 11, tmp_path, shard_size=4)
    assert len(cache) == 11 and len(list(tmp_path.glob("shard-*.npy"))) == 3
    chosen = np.array([10, 0, 5, 5])
    wanted = encoder(np.stack(pictures(11)[0])[chosen])
    got = cache.gather(chosen).astype("float32")
    np.testing.assert_allclose(got, wanted, rtol=1e-2, atol=1e-3)


def test_an_unreadable_picture_is_named_and_left_out(encoder, tmp_path):
    good, broken = tmp_path / "good.png", tmp_path / "broken.jpg"
    Image.fromarray(pictures(1)[0][0]).save(good)
    broken.write_text("not a picture")
    cache = extract_features(
        encoder, [broken, good], ["a", "b"], tmp_path / "cache", progress=False
    )
    assert cache.image_ids == ["b"] and list(cache.failed) == ["a"]
    assert "broken.jpg" in cache.failed["a"]


def test_a_finished_cache_is_read_not_computed(encoder, tmp_path):
    first = extract(encoder, 6, tmp_path, shard_size=3)
    stamps = {p: p.stat().st_mtime_ns for p in tmp_path.glob("shard-*")}
    again = extract(encoder, 6, tmp_path, shard_size=3)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.glob("shard-*")} == stamps
    np.testing.assert_array_equal(
        first.gather(np.arange(6)).view(np.uint16),
        again.gather(np.arange(6)).view(np.uint16),
    )


CHILD = """
import sys
import numpy as np
from keras_imgdesc.data.feature_cache import extract_features
from keras_imgdesc.vision import VGG16Encoder
encoder = VGG16Encoder(image_size=32, width=0.125)
encoder.load_weights(sys.argv[1])
generator = np.random.default_rng(1)
sources = list(generator.integers(0, 256, (400, 32, 32, 3), np.uint8))
names = [f"picture {i}" for i in range(400)]
extract_features(encoder, sources, names, sys.argv[2], batch_size=4, shard_size=4)
"""


def test_killed_and_run_again_it_goes_on(encoder, tmp_path):
    weights, path = tmp_path / "encoder.weights.h5", tmp_path / "cache"
    encoder.save_weights(weights)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, weights, path],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while child.poll() is None and len(list(path.glob("shard-*"))) < 3:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    with pytest.raises(InputError, match="to its end"):
        FeatureCache(path)
    stamp = (path / "shard-00000.npy").stat().st_mtime_ns
    cache = extract(encoder, 400, path, shard_size=4)
    assert (path / "shard-00000.npy").stat().st_mtime_ns == stamp
    wanted = encoder(np.stack(pictures(400)[0][396:]))
    got = cache.gather(np.arange(396, 400)).astype("float32")
    np.testing.assert_allclose(got, wanted, rtol=1e-2, atol=1e-3)


def test_damage_and_strangers_are_refused(encoder, tmp_path):
    extract(encoder, 4, tmp_path)
    with pytest.raises(InputError, match="one list of pictures"):
        extract(encoder, 5, tmp_path)
    with pytest.raises(InputError, match="one encoder"):
        extract(VGG16Encoder(image_size=32, width=0.125), 4, tmp_path)
    shard = tmp_path / "shard-00000.npy"
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)
    with pytest.raises(InputError, match="shard-00000.npy"):
        FeatureCache(tmp_path)


@pytest.mark.parametrize("content", ["{", "[1]", '{"encoder": "x"}'])
def test_a_damaged_manifest_is_named(encoder, tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=r"manifest\.json"):
        FeatureCache(tmp_path)
    with pytest.raises(InputError, match=r"manifest\.json"):
        extract(encoder, 1, tmp_path)


def test_names_may_have_bytes_that_are_no_utf8(encoder, tmp_path):
    sources, _ = pictures(1)
    for _ in range(2):
        cache = extract_features(
            encoder, sources, ["a\udcff.jpg"], tmp_path, progress=False
        )
        assert cache.image_ids == ["a\udcff.jpg"]
