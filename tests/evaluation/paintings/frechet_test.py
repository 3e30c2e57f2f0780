import keras
import numpy as np
import pytest
from scipy import linalg

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.feature_extractor import FeatureExtractor
from keras_imgdesc.evaluation.paintings.frechet import FrechetDistance, frechet_distance
from keras_imgdesc.vision import MobileNetEncoder


def test_it_is_the_formula():
    generator = np.random.default_rng(0)
    first = generator.normal(size=(200, 6)) @ generator.normal(size=(6, 6))
    second = generator.normal(1, 2, size=(150, 6)) @ generator.normal(size=(6, 6))
    means = first.mean(0) - second.mean(0)
    one, two = np.cov(first.T), np.cov(second.T)
    root = linalg.sqrtm(one @ two)
    assert np.abs(np.imag(root)).max() < 1e-6
    expected = means @ means + np.trace(one + two - 2 * np.real(root))
    assert frechet_distance(first, second) == pytest.approx(expected)
    assert frechet_distance(second, first) == pytest.approx(expected)


def test_it_stays_finite_with_fewer_pictures_than_features():
    generator = np.random.default_rng(0)
    first = generator.normal(size=(20, 100)).astype(np.float32)
    second = generator.normal(size=(20, 100)).astype(np.float32)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-5)
    assert 10 < frechet_distance(first, second) < 300
    constant = np.ones((20, 100), np.float32)
    assert np.isfinite(frechet_distance(first, constant))


def test_features_that_cannot_be_compared_are_refused():
    features = np.zeros((4, 3))
    for other in (np.zeros((1, 3)), np.zeros((4, 2)), np.full((4, 3), np.nan)):
        with pytest.raises(InputError):
            frechet_distance(features, other)


def test_noise_is_farther_from_scenes_than_other_scenes_are():
    keras.utils.set_random_seed(2)
    scenes, others = draw_scenes("test", 24), draw_scenes("validation", 24)
    encoder = MobileNetEncoder(image_size=32, feature_layer="conv_pw_3")
    metric = FrechetDistance(FeatureExtractor(encoder, "toy"), limit=20)
    generator = np.random.default_rng(0)
    grain = generator.integers(0, 256, (20, 96, 96, 3)).astype(np.uint8)
    pictures = np.stack([example.image for example in others])
    found = metric(lambda texts, seed: pictures[: len(texts)], scenes)
    far = metric(lambda texts, seed: grain, scenes)
    assert found["fid"] < 0.5 * far["fid"]
    seen = metric.extractor(np.stack([e.image for e in scenes])[:20])
    assert found["fid_relative"] == pytest.approx(found["fid"] / seen.var(0).sum())
    assert found["fid_floor"] == far["fid_floor"] > 0
    assert (found["fid_painted"], found["fid_real"]) == (20, 20)
    assert metric.settings == {"fid_extractor": "toy"}
    same = metric(
        lambda texts, seed: np.stack([e.image for e in scenes])[: len(texts)], scenes
    )
    assert same["fid"] == pytest.approx(0, abs=1e-4)
