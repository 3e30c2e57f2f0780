import numpy as np
import pytest
from scipy import linalg

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.frechet import FrechetDistance, frechet_distance


class Colours:
    """Mean and standard deviation of each channel."""

    name = "toy"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        values = images.astype(np.float32)
        return np.concatenate([values.mean((1, 2)), values.std((1, 2))], axis=1)


def test_the_distance_equals_the_formula():
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


def test_the_distance_is_finite_with_fewer_images_than_features():
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
    scenes, others = draw_scenes("test", 24), draw_scenes("validation", 24)
    metric = FrechetDistance(Colours(), limit=20)
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (20, 96, 96, 3)).astype(np.uint8)
    images = np.stack([example.image for example in others])
    found = metric.compute(lambda texts, seed: images[: len(texts)], scenes)
    far = metric.compute(lambda texts, seed: noise, scenes)
    assert found["fid"] < 0.5 * far["fid"]
    real = np.stack([example.image for example in scenes])[:20]
    variance = metric.extractor(real).var(0).sum()
    assert found["fid_relative"] == pytest.approx(found["fid"] / variance)
    assert found["fid_floor"] == far["fid_floor"] > 0
    assert (found["fid_painted"], found["fid_real"]) == (20, 20)
    assert metric.settings == {"fid_extractor": "toy"}
    same = metric.compute(lambda texts, seed: real, scenes)
    assert not metric.higher_is_better and same["fid"] == pytest.approx(0, abs=1e-4)
