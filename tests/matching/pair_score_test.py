"""f(I, D), compared with loops."""

import numpy as np
import pytest

from keras_imgdesc import InputError
from keras_imgdesc.matching import PairScore


def unit(shape, seed):
    x = np.random.default_rng(seed).normal(size=shape).astype("float32")
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.fixture
def images():
    return {"vector": unit((3, 8), 0), "regions": unit((3, 6, 8), 1)}


@pytest.fixture
def texts():
    return {"vector": unit((4, 8), 2), "words": unit((4, 5, 8), 3)}


MASK = np.array([[0, 1, 1, 1, 0], [0, 1, 0, 0, 0], [1] * 5, [0, 1, 1, 0, 0]], bool)


def score_by_loops(images, texts, mask, pooling="mean", scale=15.0, sharpness=8.0):
    out = scale * images["vector"] @ texts["vector"].T
    for i, regions in enumerate(images["regions"]):
        for t, words in enumerate(texts["words"]):
            found = []
            for word in words[mask[t]]:
                weights = np.exp(sharpness * regions @ word)
                context = (weights / weights.sum()) @ regions
                found.append(context @ word / np.linalg.norm(context))
            found = np.array(found)
            if pooling == "mean":
                local = found.mean()
            else:
                local = np.log(np.exp(sharpness * found).sum()) / sharpness
            out[i, t] += scale * local
    return out


@pytest.mark.parametrize("pooling", ["mean", "log_sum_exp"])
def test_f_is_as_in_the_paper(images, texts, pooling):
    found = PairScore(word_pooling=pooling)(images, texts, MASK)
    expected = score_by_loops(images, texts, MASK, pooling)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_terms_add_up(images, texts):
    both = PairScore()(images, texts, MASK)
    one = PairScore(use_local=False)(images, texts, MASK)
    other = PairScore(use_global=False)(images, texts, MASK)
    np.testing.assert_allclose(both, np.asarray(one) + other, rtol=1e-5)
    np.testing.assert_allclose(
        one, 15 * images["vector"] @ texts["vector"].T, rtol=1e-4
    )


def test_own_scores_are_those_of_all_pairs(images, texts):
    score = PairScore()
    expected = np.asarray(score(images, texts, MASK))
    of_each = {k: np.stack([v[[i, 3]] for i in range(3)]) for k, v in texts.items()}
    mask = np.stack([MASK[[i, 3]] for i in range(3)])
    found = score.own(images, of_each, mask)
    np.testing.assert_allclose(
        found, [[e[i], e[3]] for i, e in enumerate(expected)], rtol=1e-4
    )


def test_attention_sums_to_one(images, texts):
    _, attention = PairScore().attend(images["regions"], texts["words"])
    assert attention.shape == (3, 4, 5, 6)
    np.testing.assert_allclose(np.sum(attention, axis=-1), 1.0, rtol=1e-5)


def test_a_text_of_padding_is_finite(images, texts):
    nothing = np.zeros_like(MASK)
    assert np.isfinite(np.asarray(PairScore()(images, texts, nothing))).all()


@pytest.mark.parametrize(
    "arguments", [{"use_global": False, "use_local": False}, {"word_pooling": "max"}]
)
def test_what_cannot_be_is_refused(arguments):
    with pytest.raises(InputError, match="Received"):
        PairScore(**arguments)
