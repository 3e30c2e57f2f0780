import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.training.captioner.unpaired import UnpairedCaptions

WORDS = ["a", "dog", "dogs", "cat", "bus", "buses", "glass", "runs", "puppy", "puppies"]
VOCABULARY = Vocabulary(WORDS)
ID = VOCABULARY.id_of
NOUNS = [ID(noun) for noun in ("dog", "cat", "bus", "puppy", "glass")]
CAPTIONS = ["a dog runs", "dogs", "a cat", "buses", "puppies", "runs", "a glass a dog"]


def captions(**options):
    tokenizer = CaptionTokenizer(VOCABULARY, sequence_length=6)
    options = {"batch_size": 2, "seed": 1} | options
    return UnpairedCaptions(CAPTIONS, tokenizer, NOUNS, 4, **options)


def nouns_of(caption):
    forms = {"dogs": "dog", "buses": "bus", "puppies": "puppy"}
    words = [forms.get(word, word) for word in caption.split()]
    return {ID(word) for word in words} & set(NOUNS)


def test_a_caption_sees_its_own_nouns_in_the_singular():
    unpaired = captions(dropout=0.0, max_wrong=0)
    assert unpaired.num_captions == 6  # "runs" has no noun
    seen = {}
    for step in range(3):
        inputs, following, weights = unpaired.batch(step)
        for row in range(2):
            ids = [2, *following[row]]
            words = [VOCABULARY.tokens[i] for i in ids if i > 3]
            concepts = inputs["concept_ids"][row][inputs["concept_weights"][row] > 0]
            seen[" ".join(words)] = set(concepts.tolist())
        np.testing.assert_array_equal(weights, following != 0)
        np.testing.assert_array_equal(inputs["token_ids"][:, 1:], following[:, :-1])
        shares = inputs["concept_weights"]
        assert (np.diff(shares, axis=1) <= 0).all() and (shares <= 1).all()
    assert seen == {text: nouns_of(text) for text in CAPTIONS if text != "runs"}


def test_a_cut_caption_has_no_end_token(caplog):
    tokenizer = CaptionTokenizer(VOCABULARY, sequence_length=4)
    texts = ["a dog runs", "a cat"]
    unpaired = UnpairedCaptions(texts, tokenizer, NOUNS, 4, batch_size=2)
    _, following, _ = unpaired.batch(0)
    assert sorted(following.tolist()) == sorted(
        [[ID("a"), ID("dog"), ID("runs")], [ID("a"), ID("cat"), 3]]
    )
    assert "1 of 2 unpaired captions (50.00 %) are longer than 4" in caplog.text


def test_nouns_are_dropped_and_wrong_ones_added_at_their_rates():
    unpaired = captions(dropout=0.25, max_wrong=2, batch_size=6)
    own = wrong = total = 0
    for step in range(400):
        inputs, following, _ = unpaired.batch(step)
        for row in range(6):
            expected = nouns_of(" ".join(VOCABULARY.tokens[i] for i in following[row]))
            concepts = inputs["concept_ids"][row][inputs["concept_weights"][row] > 0]
            own += len(expected & set(concepts.tolist()))
            wrong += len(set(concepts.tolist()) - expected)
            total += len(expected)
    # The number of own nouns is binomial: 7 * 400 trials, 5 standard deviations.
    assert abs(own / total - 0.75) < 5 * (0.25 * 0.75 / total) ** 0.5
    assert 0 < wrong / (6 * 400) < 1


def test_a_batch_is_a_function_of_seed_and_step():
    for one, other in ((captions(), captions()), (captions(), captions(seed=2))):
        same = [
            np.array_equal(one.batch(step)[1], other.batch(step)[1])
            for step in range(6)
        ]
        assert all(same) == (one.seed == other.seed)


def test_too_few_captions_with_nouns_are_refused():
    with pytest.raises(InputError, match="must be a batch of unpaired captions"):
        captions(batch_size=7)
