import numpy as np
import pytest

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.diversity import Diversity, pairwise_distance


def test_it_is_the_mean_over_pairs():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(5, 3, 2))
    pairs = [
        np.sqrt(((rows[i] - rows[j]) ** 2).mean()) for i in range(5) for j in range(i)
    ]
    assert pairwise_distance(rows) == pytest.approx(np.mean(pairs))
    with pytest.raises(InputError):
        pairwise_distance(rows[:1])


def test_a_collapsed_generator_has_none():
    scenes = draw_scenes("test", 10)
    images = {e.captions[0]: e.image for e in scenes}

    def collapsed(texts, seed):
        return np.stack([images.get(text, scenes[0].image) for text in texts])

    def noisy(texts, seed):
        generator = np.random.default_rng(seed)
        return generator.integers(0, 256, (len(texts), 96, 96, 3)).astype(np.uint8)

    metric = Diversity(texts=3, pictures=4)
    found = metric(collapsed, scenes)
    # Texts differ, the pictures of one text do not.
    assert found["diversity"] < 1e-4 < 0.05 < found["diversity_real"]
    # Two uniform values differ by 1 / sqrt(6) in the mean square.
    assert metric(noisy, scenes)["diversity"] == pytest.approx(6**-0.5, rel=0.02)
    assert metric.settings["diversity_of"].startswith("pixels")


def test_one_picture_has_no_diversity():
    with pytest.raises(InputError, match="pictures=1"):
        Diversity(pictures=1)
