import numpy as np
import pytest
from pycocoevalcap.cider.cider import Cider

from keras_imgdesc.training.captioner.cider_reward import CiderReward


def test_it_equals_pycocoevalcap():
    generator = np.random.default_rng(0)

    def captions(count: int) -> list[list[int]]:
        lengths = generator.integers(1, 12, count)
        return [generator.integers(4, 12, n).tolist() for n in lengths]

    references = [captions(5) for _ in range(30)]
    drawn = [captions(1)[0] for _ in range(30)]
    drawn[0] = references[0][2]

    def text(words: list[int]) -> str:
        return " ".join(f"w{word}" for word in words)

    _, expected = Cider().compute_score(
        {i: [text(c) for c in r] for i, r in enumerate(references)},
        {i: [text(c)] for i, c in enumerate(drawn)},
    )
    reward = CiderReward(references)
    found = [reward(i, caption) for i, caption in enumerate(drawn)]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    assert found[0] > 1


def test_a_caption_without_known_words_scores_nothing():
    reward = CiderReward([[[4, 5]], [[6, 7]]])
    assert reward(0, [9, 9]) == 0
    assert reward(0, []) == 0
    assert reward(0, [4, 5]) == pytest.approx(5.0)
