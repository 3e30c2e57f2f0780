import numpy as np
import pytest

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.diversity import (
    Diversity,
    pairwise_distance,
    text_diversity,
)


def test_the_distance_is_the_mean_over_pairs():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(5, 3, 2))
    pairs = [
        np.sqrt(((rows[i] - rows[j]) ** 2).mean()) for i in range(5) for j in range(i)
    ]
    assert pairwise_distance(rows) == pytest.approx(np.mean(pairs))
    with pytest.raises(InputError):
        pairwise_distance(rows[:1])


def test_the_diversity_of_texts_is_the_mean_over_pairs_of_each():
    painted = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 4, 3), np.uint8)
    values = painted / 255
    pairs = [
        np.sqrt(np.square(values[text, i] - values[text, j]).mean())
        for text in range(2)
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    assert text_diversity(painted) == pytest.approx(np.mean(pairs), rel=1e-6)


def test_a_collapsed_painter_has_no_diversity():
    scenes = draw_scenes("test", 10)
    images = {e.captions[0]: e.image for e in scenes}

    def collapsed(texts, seed):
        return np.stack([images.get(text, scenes[0].image) for text in texts])

    def noisy(texts, seed):
        generator = np.random.default_rng(seed)
        return generator.integers(0, 256, (len(texts), 96, 96, 3)).astype(np.uint8)

    metric = Diversity(texts=3, images=4)
    found = metric.compute(collapsed, scenes)
    # The texts' images differ, those of one text do not.
    assert found["diversity"] < 1e-4 < 0.05 < found["diversity_real"]
    # The root mean square of the difference of two uniform values is 1 / sqrt(6).
    noise = metric.compute(noisy, scenes)["diversity"]
    assert noise == pytest.approx(6**-0.5, rel=0.02)
    assert metric.settings["diversity_of"].startswith("pixels")


def test_one_image_per_text_is_refused():
    with pytest.raises(InputError, match="images=1"):
        Diversity(images=1)
