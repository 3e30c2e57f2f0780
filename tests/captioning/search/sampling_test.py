import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning import SearchResult, Tokens, draw_noise, sample
from keras_imgdesc.errors import InputError

PROBS = np.array([0.0, 0.0, 0.0, 0.1, 0.4, 0.3, 0.15, 0.05], "float32")


def first_words(num_samples=4000, **settings):
    """Return how often each word is the first one, as shares."""

    def step(token_ids, memory, state):
        log_probs = np.log(np.maximum(PROBS, 1e-9))
        return ops.zeros((*token_ids.shape, 8)) + log_probs, None, state

    noise = draw_noise(0, [0], num_samples, 1)
    state = np.zeros((1, 1), "float32")
    found = sample(step, None, state, tokens=Tokens(8), noise=noise, **settings)
    ids = ops.convert_to_numpy(found.token_ids)[0, :, 0]
    return np.bincount(ids, minlength=8) / num_samples


def run(model, images, **settings):
    memory, state = model.begin(images)
    found = sample(
        model.step,
        memory,
        state,
        tokens=Tokens(model.size),
        num_locations=model.size,
        **settings,
    )
    return SearchResult(*map(ops.convert_to_numpy, found))


def test_frequencies_are_the_models_probabilities():
    np.testing.assert_allclose(first_words(), PROBS, atol=0.025)


def test_temperature_sharpens():
    cold = PROBS**4 / (PROBS**4).sum()
    np.testing.assert_allclose(first_words(temperature=0.25), cold, atol=0.025)


def test_top_k_keeps_the_likeliest_words():
    kept = np.where(PROBS >= 0.3, PROBS, 0) / 0.7
    np.testing.assert_allclose(first_words(top_k=2), kept, atol=0.025)


@pytest.mark.parametrize(
    ("top_p", "words"), [(0.39, 1), (0.41, 2), (0.69, 2), (0.72, 3), (1.0, 5)]
)
def test_top_p_keeps_the_fewest_words_with_this_probability(top_p, words):
    shares = first_words(top_p=top_p)
    assert (shares > 0).sum() == words
    kept = np.where(np.sort(PROBS)[-words] <= PROBS, PROBS, 0)
    np.testing.assert_allclose(shares, kept / kept.sum(), atol=0.025)


def test_top_p_applies_after_top_k():
    # Of 0.4 and 0.3 alone, the first has 57 %.
    assert (first_words(top_k=2, top_p=0.5) > 0).sum() == 1
    assert (first_words(top_k=2, top_p=0.6) > 0).sum() == 2


def test_samples_are_a_function_of_seed_and_index(trigram_model):
    model = trigram_model(5, 10, peak=0.5)
    noise = draw_noise(3, range(5), 2, 8)
    together = run(model, [0, 1, 2, 3, 4], noise=noise)
    for image in range(5):
        alone = run(model, [image], noise=draw_noise(3, [image], 2, 8))
        for of_all, of_one in zip(together, alone):
            np.testing.assert_array_equal(of_all[image], of_one[0])
    other = run(model, [0, 1, 2, 3, 4], noise=draw_noise(4, range(5), 2, 8))
    assert (other.token_ids != together.token_ids).any()
    assert (draw_noise(-3, [0], 1, 8) != draw_noise(3, [0], 1, 8)).any()


def test_log_probs_are_the_models_own(trigram_model):
    model = trigram_model(4, 10)
    noise = draw_noise(0, range(4), 3, 7)
    found = run(model, [0, 1, 2, 3], noise=noise, temperature=0.5, top_k=4)
    for image in range(4):
        for draw in range(3):
            length = found.lengths[image, draw]
            words = tuple(found.token_ids[image, draw, :length])
            assert min(words) >= 3
            assert found.finished[image, draw] == (words[-1] == 3)
            assert (found.token_ids[image, draw, length:] == 0).all()
            np.testing.assert_allclose(
                found.totals[image, draw], model.log_prob(image, words), atol=1e-5
            )
            read = found.attention[image, draw, :length].argmax(-1)
            assert tuple(read) == (2, *words[:-1])


def test_the_largest_random_number_selects_a_word():
    def step(token_ids, memory, state):
        log_probs = np.log(np.maximum(PROBS, 1e-9))
        return ops.zeros((*token_ids.shape, 8)) + log_probs, None, state

    noise = np.full((1, 1, 1), np.nextafter(np.float32(1), np.float32(0)))
    state = np.zeros((1, 1), "float32")
    for top_k in (0, 3):
        found = sample(step, None, state, tokens=Tokens(8), noise=noise, top_k=top_k)
        word = int(ops.convert_to_numpy(found.token_ids)[0, 0, 0])
        assert word == (7 if top_k == 0 else 6)


@pytest.mark.parametrize(
    "setting", [{"temperature": 0}, {"top_k": -1}, {"top_p": 0.0}, {"top_p": 1.5}]
)
def test_settings_out_of_range_are_refused(trigram_model, setting):
    (name,) = setting
    with pytest.raises(InputError, match=name):
        run(trigram_model(1, 6), [0], noise=draw_noise(0, [0], 1, 3), **setting)
