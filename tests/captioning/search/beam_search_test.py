import itertools

import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning import SearchResult, Tokens, beam_search
from keras_imgdesc.errors import InputError

END = 3
PENALTIES = (0.0, 0.5, 0.8, 1.0, 2.0)


def search(model, images, **settings):
    memory, state = model.begin(images)
    found = beam_search(
        model.step,
        memory,
        state,
        tokens=Tokens(model.size),
        num_locations=model.size,
        **settings,
    )
    return SearchResult(*map(ops.convert_to_numpy, found))


def all_captions(model, image, max_length, length_penalty):
    """Return all possible captions as (score, words), the best first."""
    words = range(4, model.size)
    captions = list(itertools.product(words, repeat=max_length))
    for length in range(max_length):
        captions += [(*c, END) for c in itertools.product(words, repeat=length)]
    scored = [
        (model.log_prob(image, c) / len(c) ** length_penalty, c) for c in captions
    ]
    return sorted(scored, reverse=True)


def plain_beam_search(model, image, num_beams, max_length, length_penalty):
    """Return captions by the definition of beam search, one candidate at a time."""
    beams = [(0.0, ())]

    def is_done(words):
        return bool(words) and words[-1] == END

    def score(candidate):
        total, words = candidate
        return total / max(len(words), 1) ** length_penalty

    for _ in range(max_length):
        candidates = []
        for total, words in beams:
            if is_done(words):
                candidates.append((total, words))
                continue
            for word in range(3, model.size):
                longer = (*words, word)
                candidates.append((model.log_prob(image, longer), longer))
        beams = sorted(candidates, key=score, reverse=True)[:num_beams]
    return [(score(b), b[1]) for b in beams]


def words_of(found, row, beam):
    length = found.lengths[row, beam]
    assert (found.token_ids[row, beam, length:] == 0).all()
    return tuple(int(i) for i in found.token_ids[row, beam, :length])


@pytest.mark.parametrize("length_penalty", PENALTIES)
@pytest.mark.parametrize(("words", "max_length"), [(2, 4), (3, 3)])
def test_a_wide_beam_equals_brute_force(
    trigram_model, words, max_length, length_penalty
):
    model = trigram_model(2, 4 + words)
    expected = [all_captions(model, i, max_length, length_penalty) for i in (0, 1)]
    found = search(
        model,
        [0, 1],
        num_beams=len(expected[0]),
        max_length=max_length,
        length_penalty=length_penalty,
        early_exit=False,
    )
    for row, captions in enumerate(expected):
        np.testing.assert_allclose(
            found.scores[row], [s for s, _ in captions], atol=1e-5
        )
        got = [words_of(found, row, beam) for beam in range(len(captions))]
        assert sorted(got) == sorted(c for _, c in captions)
        assert got[0] == captions[0][1]


@pytest.mark.parametrize("early_exit", [False, True])
@pytest.mark.parametrize("length_penalty", PENALTIES)
@pytest.mark.parametrize("num_beams", [1, 2, 5])
def test_a_narrow_beam_equals_the_definition(
    trigram_model, num_beams, length_penalty, early_exit
):
    model = trigram_model(6, 9)
    settings = {"num_beams": num_beams, "max_length": 7}
    settings["length_penalty"] = length_penalty
    found = search(model, list(range(6)), early_exit=early_exit, **settings)
    for image in range(6):
        expected = plain_beam_search(model, image, **settings)
        certain = 1 if early_exit else num_beams
        for beam in range(certain):
            score, words = expected[beam]
            assert words_of(found, image, beam) == words
            np.testing.assert_allclose(found.scores[image, beam], score, atol=1e-5)
            assert found.finished[image, beam] == (words[-1] == END)


def test_totals_are_sums_of_the_models_log_probs(trigram_model):
    model = trigram_model(4, 9)
    found = search(model, [0, 1, 2, 3], num_beams=3, max_length=6, early_exit=False)
    np.testing.assert_allclose(found.log_probs.sum(-1), found.totals, atol=1e-5)
    for image in range(4):
        for beam in range(3):
            words = words_of(found, image, beam)
            np.testing.assert_allclose(
                found.totals[image, beam], model.log_prob(image, words), atol=1e-5
            )


def test_greedy_takes_the_likeliest_word_at_each_step(trigram_model):
    model = trigram_model(8, 10)
    found = search(model, list(range(8)), num_beams=1, max_length=8)
    for image in range(8):
        before, last, words = 2, 2, []
        while len(words) < 8 and last != END:
            row = model.tables[image, before, last].copy()
            row[:3] = -np.inf
            before, last = last, int(row.argmax())
            words.append(last)
        assert words_of(found, image, 0) == tuple(words)


@pytest.mark.parametrize("length_penalty", [0.0, 0.8])
def test_an_image_has_the_same_captions_alone_and_in_a_batch(
    trigram_model, length_penalty
):
    model = trigram_model(7, 9, peak=2.5)
    settings = {"num_beams": 3, "max_length": 9, "length_penalty": length_penalty}
    together = search(model, list(range(7)), **settings)
    lengths = set()
    for image in range(7):
        alone = search(model, [image], **settings)
        lengths.add(int(alone.lengths[0, 0]))
        np.testing.assert_array_equal(together.token_ids[image], alone.token_ids[0])
        for of_all, of_one in zip(together, alone):
            # A vectorised power may round its last elements differently.
            np.testing.assert_allclose(of_all[image], of_one[0], rtol=1e-6)
    assert len(lengths) > 1  # some images finished before others


def test_attention_belongs_to_the_words_of_each_beam(trigram_model):
    model = trigram_model(3, 9)
    found = search(model, [0, 1, 2], num_beams=4, max_length=6, early_exit=False)
    for image in range(3):
        for beam in range(4):
            words = words_of(found, image, beam)
            attention = found.attention[image, beam]
            read = (2, *words[:-1])
            assert tuple(attention[: len(words)].argmax(-1)) == read
            assert (attention[len(words) :] == 0).all()


def test_special_tokens_are_never_generated(trigram_model):
    model = trigram_model(4, 8)
    model.tables[:, :, :, :3] += 5
    found = search(model, [0, 1, 2, 3], num_beams=3, max_length=6, early_exit=False)
    for image in range(4):
        for beam in range(3):
            words = words_of(found, image, beam)
            assert min(words) >= END


def test_a_finished_caption_does_not_change(trigram_model):
    # The end has 0.6 as the first word; all other captions never end.
    model = trigram_model(1, 6)
    model.tables[:] = np.log([1e-9, 1e-9, 1e-9, 1e-9, 0.7, 0.3])
    model.tables[0, 2, 2] = np.log([1e-9, 1e-9, 1e-9, 0.6, 0.3, 0.1])
    found = search(
        model, [0], num_beams=2, max_length=5, length_penalty=0.0, early_exit=False
    )
    assert words_of(found, 0, 0) == (END,)
    np.testing.assert_allclose(found.totals[0, 0], np.log(0.6), atol=1e-6)
    assert words_of(found, 0, 1) == (4, 4, 4, 4, 4)
    assert found.finished.tolist() == [[True, False]]


def test_the_loop_stops_when_the_best_caption_is_certain(trigram_model):
    model = trigram_model(1, 6)
    model.tables[:] = np.log([1e-9, 1e-9, 1e-9, 1e-9, 0.7, 0.3])
    model.tables[0, 2, 2] = np.log([1e-9, 1e-9, 1e-9, 0.6, 0.3, 0.1])
    calls = []

    def step(*args):
        calls.append(1)
        return model.step(*args)

    def steps(**settings):
        calls.clear()
        beam_search(step, *model.begin([0]), tokens=Tokens(6), max_length=5, **settings)
        return len(calls)

    if keras.backend.backend() == "tensorflow":  # elsewhere the loop is compiled
        assert steps(num_beams=2, length_penalty=0.0) == 1
        assert steps(num_beams=2, length_penalty=0.0, early_exit=False) == 5
        # A long caption may still beat the short one.
        assert steps(num_beams=2, length_penalty=1.0) == 5


def test_ties_are_in_the_order_of_token_ids(trigram_model):
    model = trigram_model(1, 8)
    model.tables[:] = -np.log(8.0)
    found = search(model, [0], num_beams=3, max_length=3, length_penalty=1.0)
    # All scores are equal: the end has the lowest id.
    assert words_of(found, 0, 0) == (END,)
    found = search(model, [0], num_beams=3, max_length=3, early_exit=False)
    again = search(model, [0], num_beams=3, max_length=3, early_exit=False)
    np.testing.assert_array_equal(found.token_ids, again.token_ids)


def test_more_beams_than_captions(trigram_model):
    found = search(trigram_model(1, 5), [0], num_beams=6, max_length=2)
    real = found.scores[0] > -1e6
    assert real.sum() == 3  # the end; a word and the end; two words
    assert real[:3].all()


@pytest.mark.parametrize(
    "settings", [{"num_beams": 0}, {"max_length": 0}, {"length_penalty": -0.1}]
)
def test_settings_out_of_range_are_refused(trigram_model, settings):
    (name,) = settings
    with pytest.raises(InputError, match=f"{name} must be at least"):
        search(trigram_model(1, 6), [0], **settings)


def test_the_compiled_search_takes_a_dynamic_batch(toy_decoder, feature_map):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.function")
    import tensorflow as tf

    def run(features):
        memory, state = toy_decoder.begin(features)
        return beam_search(
            toy_decoder.step,
            memory,
            state,
            tokens=Tokens(12),
            max_length=6,
            num_locations=16,
        )

    traced = tf.function(run).get_concrete_function(
        tf.TensorSpec((None, 4, 4, 6), "float32")
    )
    for eager, compiled in zip(run(feature_map), traced(tf.constant(feature_map))):
        np.testing.assert_allclose(eager, compiled, atol=1e-5)
    assert compiled.shape == (3, 3, 6, 16)
