"""Captions that begin with, contain or lack given tokens."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning import (
    Constraints,
    SearchResult,
    Tokens,
    beam_search,
    draw_noise,
    sample,
)
from keras_imgdesc.errors import InputError

END = 3
IMAGES = 3
CASES = [
    {"prefix": (4,)},
    {"prefix": (6, 5, 6)},
    {"prefix": (6, 4, 5, 6)},
    {"avoid": (4,)},
    {"avoid": (4, 5, 6)},
    {"require": (5,)},
    {"require": (6, 4)},
    {"require": (6, 4, 5)},
    {"require": (5,), "avoid": (4,)},
    {"prefix": (5,), "require": (5,)},
    {"prefix": (5,), "require": (4, 5)},
    {"prefix": (6, 6), "require": (4, 5)},
    {"prefix": (4, 5), "require": (6,), "avoid": ()},
]


def search(model, images, max_length, asked, **settings):
    tokens = Tokens(model.size)
    found = beam_search(
        model.step,
        *model.begin(images),
        tokens=tokens,
        max_length=max_length,
        num_locations=model.size,
        constraints=Constraints.of_tokens(tokens, max_length, **asked),
        **settings,
    )
    return SearchResult(*map(ops.convert_to_numpy, found))


def words_of(found, row, beam):
    length = found.lengths[row, beam]
    assert (found.token_ids[row, beam, length:] == 0).all()
    return tuple(int(i) for i in found.token_ids[row, beam, :length])


def obeys(words, prefix=(), require=(), avoid=()):
    return (
        words[: len(prefix)] == prefix
        and set(require) <= set(words)
        and not set(avoid) & set(words)
    )


def all_captions(size, max_length):
    """Return every caption: those that end, and those of the greatest length."""
    words = range(4, size)
    captions = list(itertools.product(words, repeat=max_length))
    for length in range(max_length):
        captions += [(*c, END) for c in itertools.product(words, repeat=length)]
    return captions


def plain_grid_search(model, image, num_beams, max_length, length_penalty, asked):
    """Return captions by the definition, one candidate at a time.

    A bank is a list of captions that lack the same number of required words.
    """
    prefix, require = asked.get("prefix", ()), set(asked.get("require", ()))
    avoid = set(asked.get("avoid", ()))

    def score(words):
        return model.log_prob(image, words) / max(len(words), 1) ** length_penalty

    captions = [()]
    for time in range(max_length):
        candidates = []
        for words in captions:
            if words and words[-1] == END:
                candidates.append(words)
                continue
            allowed = set(range(3, model.size)) - avoid
            if time < len(prefix):
                allowed = {prefix[time]}
            candidates += [(*words, token) for token in allowed]
        banks = {number: [] for number in range(len(require) + 1)}
        for words in candidates:
            lacking = len(require - set(words))
            room = 0 if words[-1] == END else max_length - time - 1
            if lacking <= room:
                banks[lacking].append(words)
        captions = [
            words
            for bank in banks.values()
            for words in sorted(bank, key=score, reverse=True)[:num_beams]
        ]
    complete = [words for words in captions if require <= set(words)]
    return [(score(words), words) for words in sorted(complete, key=score)[::-1]]


@pytest.mark.parametrize("length_penalty", [0.0, 0.8])
@pytest.mark.parametrize("asked", CASES, ids=str)
def test_a_wide_beam_equals_brute_force(trigram_model, asked, length_penalty):
    model, max_length = trigram_model(2, 7), 4
    captions = all_captions(7, max_length)
    found = search(
        model,
        [0, 1],
        max_length,
        asked,
        num_beams=len(captions),
        length_penalty=length_penalty,
        early_exit=False,
    )
    valid = [words for words in captions if obeys(words, **asked)]
    assert 0 < len(valid) < len(captions)
    for row in (0, 1):
        scores = {
            words: model.log_prob(row, words) / len(words) ** length_penalty
            for words in valid
        }
        best = sorted(valid, key=scores.get, reverse=True)
        got = [words_of(found, row, beam) for beam in range(len(valid))]
        assert sorted(got) == sorted(valid) and got[0] == best[0]
        np.testing.assert_allclose(
            found.scores[row, : len(valid)],
            [scores[words] for words in best],
            atol=1e-5,
        )
        # There is no other caption.
        assert (found.scores[row, len(valid) :] < -1e6).all()


@pytest.mark.parametrize("early_exit", [False, True])
@pytest.mark.parametrize("num_beams", [1, 3])
@pytest.mark.parametrize(
    "asked",
    [
        {"prefix": (6, 5), "avoid": (8,)},
        {"require": (7,)},
        {"require": (8, 4, 6), "prefix": (5, 6)},
        {"require": (8, 4), "avoid": (7, 5)},
    ],
    ids=str,
)
def test_a_narrow_beam_equals_the_definition(
    trigram_model, asked, num_beams, early_exit
):
    model = trigram_model(IMAGES, 9)
    for length_penalty in (0.0, 0.8):
        settings = {"num_beams": num_beams, "length_penalty": length_penalty}
        found = search(
            model, list(range(IMAGES)), 7, asked, early_exit=early_exit, **settings
        )
        for image in range(IMAGES):
            expected = plain_grid_search(
                model, image, max_length=7, asked=asked, **settings
            )
            certain = 1 if early_exit else min(num_beams, len(expected))
            for beam in range(certain):
                score, words = expected[beam]
                assert words_of(found, image, beam) == words
                assert obeys(words, **asked)
                np.testing.assert_allclose(found.scores[image, beam], score, atol=1e-5)
                assert found.finished[image, beam] == (words[-1] == END)


def test_scores_are_the_models_log_probs(trigram_model):
    model = trigram_model(IMAGES, 9)
    asked = {"prefix": (6, 5), "require": (8,), "avoid": (4,)}
    found = search(model, [0, 1, 2], 6, asked, num_beams=3, early_exit=False)
    np.testing.assert_allclose(found.log_probs.sum(-1), found.totals, atol=1e-5)
    for image in range(IMAGES):
        for beam in range(3):
            words = words_of(found, image, beam)
            np.testing.assert_allclose(
                found.totals[image, beam], model.log_prob(image, words), atol=1e-5
            )
            attention = found.attention[image, beam, : len(words)]
            assert tuple(attention.argmax(-1)) == (2, *words[:-1])


def test_the_most_unlikely_word_is_found_by_one_beam(trigram_model):
    model = trigram_model(1, 9)
    model.tables[..., 8] = -40.0
    plain = search(model, [0], 6, {}, num_beams=1)
    assert 8 not in words_of(plain, 0, 0)
    found = search(model, [0], 6, {"require": (8,)}, num_beams=1)
    assert words_of(found, 0, 0).count(8) == 1


def test_no_constraints_change_nothing(trigram_model):
    model = trigram_model(IMAGES, 9)
    settings = {"num_beams": 3, "max_length": 6, "tokens": Tokens(9)}
    plain = beam_search(model.step, *model.begin([0, 1, 2]), **settings)
    found = search(model, [0, 1, 2], 6, {}, num_beams=3)
    for one, other in zip(plain[:-1], found[:-1], strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), other)


def test_an_image_has_the_same_captions_alone_and_in_a_batch(trigram_model):
    model = trigram_model(4, 9, peak=2.5)
    asked = {"require": (8, 5), "prefix": (6,)}
    together = search(model, [0, 1, 2, 3], 8, asked, num_beams=2)
    for image in range(4):
        alone = search(model, [image], 8, asked, num_beams=2)
        np.testing.assert_array_equal(together.token_ids[image], alone.token_ids[0])
        np.testing.assert_allclose(together.totals[image], alone.totals[0], rtol=1e-6)


def test_the_compiled_search_takes_other_words(toy_decoder, feature_map):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.function")
    import tensorflow as tf

    def run(features, constraints):
        memory, state = toy_decoder.begin(features)
        return beam_search(
            toy_decoder.step,
            memory,
            state,
            tokens=Tokens(12),
            max_length=6,
            constraints=constraints,
        )[:-1]

    compiled = tf.function(run)
    for require, prefix in (((5, 7), (4,)), ((11, 6), (8, 9))):
        asked = Constraints.of_tokens(Tokens(12), 6, require=require, prefix=prefix)
        eager = run(feature_map, asked)
        for one, other in zip(eager, compiled(feature_map, asked), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
        ids = ops.convert_to_numpy(eager[0])[:, 0]
        for row in ids.tolist():
            assert obeys(tuple(row), prefix, require)
    assert compiled.experimental_get_tracing_count() == 1


def draw(model, images, asked, num_samples, max_length, **settings):
    tokens = Tokens(model.size)
    found = sample(
        model.step,
        *model.begin(images),
        tokens=tokens,
        noise=draw_noise(0, images, num_samples, max_length),
        constraints=Constraints.of_tokens(tokens, max_length, **asked),
        **settings,
    )
    return SearchResult(*map(ops.convert_to_numpy, found))


def test_samples_after_a_prefix_are_the_models(trigram_model):
    model = trigram_model(1, 8, peak=0.7)
    found = draw(model, [0], {"prefix": (6, 4), "avoid": (5,)}, 4000, 3)
    assert (found.token_ids[0, :, :2] == (6, 4)).all()
    expected = np.exp(model.tables[0, 6, 4])
    expected[[0, 1, 2, 5]] = 0
    shares = np.bincount(found.token_ids[0, :, 2], minlength=8) / 4000
    np.testing.assert_allclose(shares, expected / expected.sum(), atol=0.03)
    for beam in range(5):
        words = words_of(found, 0, beam)
        np.testing.assert_allclose(
            found.totals[0, beam], model.log_prob(0, words), atol=1e-5
        )


def test_sampling_forces_the_prefix_whatever_the_settings(trigram_model):
    model = trigram_model(2, 9)
    model.tables[..., 7] -= 20
    asked = {"prefix": (7, 7), "avoid": (4,)}
    settings = {"top_k": 1, "top_p": 0.1, "temperature": 0.2}
    found = draw(model, [0, 1], asked, 3, 6, **settings)
    assert (found.token_ids[..., :2] == 7).all() and not (found.token_ids == 4).any()


def test_required_tokens_are_not_sampled(trigram_model):
    with pytest.raises(InputError, match="searched, not sampled"):
        draw(trigram_model(1, 8), [0], {"require": (5,)}, 1, 4)
