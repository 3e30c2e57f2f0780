import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.data import feature_cache
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


def images(count: int) -> tuple[list[np.ndarray], list[str]]:
    generator = np.random.default_rng(1)
    arrays = generator.integers(0, 256, (count, 32, 32, 3), np.uint8)
    return list(arrays), [f"image {i}" for i in range(count)]


def extract(encoder, count, path, **options):
    sources, names = images(count)
    return extract_features(
        encoder, sources, names, path, batch_size=4, progress=False, **options
    )


def test_maps_equal_those_of_the_encoder_in_any_order(encoder, tmp_path):
    cache = extract(encoder, 11, tmp_path, shard_size=4)
    assert len(cache) == 11 and len(list(tmp_path.glob("shard-*.npy"))) == 3
    chosen = np.array([10, 0, 5, 5])
    expected = encoder(np.stack(images(11)[0])[chosen])
    found = cache.gather(chosen).astype("float32")
    np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-3)


def test_an_unreadable_image_is_named_and_omitted(encoder, tmp_path):
    good, broken = tmp_path / "good.png", tmp_path / "broken.jpg"
    Image.fromarray(images(1)[0][0]).save(good)
    broken.write_text("not an image")
    cache = extract_features(
        encoder, [broken, good], ["a", "b"], tmp_path / "cache", progress=False
    )
    assert cache.image_ids == ["b"] and list(cache.failed) == ["a"]
    assert "broken.jpg" in cache.failed["a"]


def test_a_complete_cache_is_not_computed_again(encoder, tmp_path):
    first = extract(encoder, 6, tmp_path, shard_size=3)
    stamps = {p: p.stat().st_mtime_ns for p in tmp_path.glob("shard-*")}
    again = extract(encoder, 6, tmp_path, shard_size=3)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.glob("shard-*")} == stamps
    np.testing.assert_array_equal(
        first.gather(np.arange(6)).view(np.uint16),
        again.gather(np.arange(6)).view(np.uint16),
    )


def test_images_that_were_replaced_are_encoded_again(encoder, tmp_path, caplog):
    paths = [tmp_path / f"{i}.png" for i in range(5)]
    names = [path.name for path in paths]
    pixels = images(5)[0]
    for path, image in zip(paths, pixels, strict=True):
        Image.fromarray(image).save(path)
    paths[4].write_text("not an image")

    def again():
        return extract_features(
            encoder, paths, names, tmp_path / "c", shard_size=2, progress=False
        )

    first = again().gather(np.arange(4)).astype("float32")
    stamps = {p: p.stat().st_mtime_ns for p in tmp_path.glob("c/shard-*")}
    Image.fromarray(255 - pixels[1]).save(paths[1])
    Image.fromarray(pixels[4]).save(paths[4])
    paths[3].unlink()  # a file that is gone was not replaced
    cache = again()
    assert "were replaced: 2, first 1.png" in caplog.text
    assert cache.image_ids == names and not cache.failed
    expected = encoder(np.stack([255 - pixels[1], pixels[4]]))
    found = cache.gather(np.array([1, 4])).astype("float32")
    np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-3)
    np.testing.assert_array_equal(cache.gather(np.array([3]))[0], first[3])
    kept = tmp_path / "c/shard-00001.npy"
    assert kept.stat().st_mtime_ns == stamps[kept]
    caplog.clear()
    again()
    assert not caplog.text


def test_arrays_that_were_replaced_are_encoded_again(encoder, tmp_path):
    before, names = images(3)
    for pixels in (before, [255 - image for image in before]):
        cache = extract_features(encoder, pixels, names, tmp_path, progress=False)
        found = cache.gather(np.arange(3)).astype("float32")
        np.testing.assert_allclose(
            found, encoder(np.stack(pixels)), rtol=1e-2, atol=1e-3
        )


def test_a_killed_renewal_goes_on(encoder, tmp_path, monkeypatch):
    before, names = images(4)
    after = [255 - image for image in before]
    options = {"shard_size": 2, "progress": False}
    extract_features(encoder, before, names, tmp_path, **options)

    def killed(path, manifest):
        write(path, manifest)
        raise KeyboardInterrupt

    write = feature_cache.write_manifest
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(feature_cache, "write_manifest", killed)
        extract_features(encoder, after, names, tmp_path, **options)
    with pytest.raises(InputError, match="must be complete"):
        FeatureCache(tmp_path)
    cache = extract_features(encoder, after, names, tmp_path, **options)
    found = cache.gather(np.arange(4)).astype("float32")
    np.testing.assert_allclose(found, encoder(np.stack(after)), rtol=1e-2, atol=1e-3)
    assert len(FeatureCache(tmp_path)) == 4


def test_a_cache_of_an_earlier_version_gets_stamps(encoder, tmp_path):
    extract(encoder, 3, tmp_path)
    file = tmp_path / "manifest.json"
    manifest = json.loads(file.read_text())
    stamps = manifest["shards"][0].pop("stamps")
    file.write_text(json.dumps(manifest))
    extract(encoder, 3, tmp_path)
    assert json.loads(file.read_text())["shards"][0]["stamps"] == stamps


# Without TensorFlow, so that the child starts quickly.
TOY = """
import sys, time
import ml_dtypes
import numpy as np
from keras_imgdesc.data import feature_cache

class Toy:
    image_size = 32
    feature_map_shape = (2, 2, 3)

    def fingerprint(self):
        return "toy"

    def __call__(self, batch):
        maps = batch.reshape(-1, 2, 16, 2, 16, 3).mean((2, 4), dtype=np.float32)
        return maps.astype(ml_dtypes.bfloat16)

def compiled(encoder):
    return lambda batch: encoder(batch).view(np.uint16)

generator = np.random.default_rng(1)
sources = list(generator.integers(0, 256, (80, 32, 32, 3), np.uint8))
names = [f"image {i}" for i in range(80)]

def extract(path):
    return feature_cache.extract_features(
        Toy(), sources, names, path, batch_size=4, shard_size=4, progress=False
    )
"""
CHILD = (
    TOY
    + """
def slow(encoder):
    encode = compiled(encoder)
    return lambda batch: time.sleep(0.05) or encode(batch)

feature_cache._compiled = slow
extract(sys.argv[1])
"""
)


@pytest.mark.slow
def test_a_killed_extraction_resumes(tmp_path, monkeypatch):
    path = tmp_path / "cache"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, path],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while child.poll() is None and len(list(path.glob("shard-*"))) < 3:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    with pytest.raises(InputError, match="must be complete"):
        FeatureCache(path)
    stamp = (path / "shard-00000.npy").stat().st_mtime_ns
    toy: dict = {}
    exec(TOY, toy)
    monkeypatch.setattr("keras_imgdesc.data.feature_cache._compiled", toy["compiled"])
    cache = toy["extract"](path)
    assert (path / "shard-00000.npy").stat().st_mtime_ns == stamp
    assert cache.image_ids == toy["names"]
    expected = toy["Toy"]()(np.stack(toy["sources"]))
    found = cache.gather(np.arange(80))
    np.testing.assert_array_equal(found.view(np.uint16), expected.view(np.uint16))


def test_damaged_and_foreign_caches_are_refused(encoder, tmp_path):
    extract(encoder, 4, tmp_path)
    with pytest.raises(InputError, match="one list of images"):
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


def test_names_may_contain_bytes_that_are_not_utf8(encoder, tmp_path):
    sources, _ = images(1)
    for _ in range(2):
        cache = extract_features(
            encoder, sources, ["a\udcff.jpg"], tmp_path, progress=False
        )
        assert cache.image_ids == ["a\udcff.jpg"]


@pytest.mark.parametrize("way", ["parent", "link", "pipe", "cut", "objects", "types"])
def test_shards_are_those_of_the_folder(encoder, tmp_path, way):
    path = tmp_path / "cache"
    extract(encoder, 4, path)
    shard, manifest = path / "shard-00000.npy", path / "manifest.json"
    content = json.loads(manifest.read_text())
    if way == "parent":
        shard.rename(tmp_path / "outside.npy")
        content["shards"][0]["file"] = "../outside.npy"
    elif way == "link":
        shard.rename(tmp_path / "outside.npy")
        shard.symlink_to(tmp_path / "outside.npy")
    elif way == "pipe":
        shard.unlink()
        os.mkfifo(shard)
    elif way == "cut":
        shard.write_bytes(shard.read_bytes()[:-2])
    elif way == "objects":
        np.save(shard, np.array([None]), allow_pickle=True)
    else:
        content["shards"][0]["image_ids"][0] = 3
    manifest.write_text(json.dumps(content))
    for verify in (True, False):
        with pytest.raises(InputError, match="Delete the folder"):
            FeatureCache(path, verify)
    with pytest.raises(InputError, match="Delete the folder"):
        extract(encoder, 4, path)


def test_shards_must_be_those_of_the_images(encoder, tmp_path):
    extract(encoder, 4, tmp_path, shard_size=2)
    manifest = tmp_path / "manifest.json"
    content = json.loads(manifest.read_text())
    for changed in (
        content["shards"][::-1],
        [*content["shards"], content["shards"][0]],
        [content["shards"][0] | {"stamps": []}, content["shards"][1]],
    ):
        manifest.write_text(json.dumps(content | {"shards": changed}))
        with pytest.raises(InputError, match="those of the images"):
            extract(encoder, 4, tmp_path, shard_size=2)
