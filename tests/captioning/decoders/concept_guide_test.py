import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning import LSTMDecoder
from keras_imgdesc.captioning.decoders.concept_attention import ConceptAttention
from keras_imgdesc.captioning.decoders.concept_pointer import ConceptPointer
from keras_imgdesc.errors import InputError

CONCEPTS = {"class_nouns": [[0], [1], [2]], "noun_token_ids": [5, 6, 7]}
SMALL = {"embedding_dim": 8, "hidden_dim": 8, "num_heads": 2, "feature_dim": 8}


def guided(shake, **options):
    concepts = CONCEPTS | {"num_concepts": 2, "threshold": 0.0}
    return shake(LSTMDecoder(12, (2, 2, 6), concepts=concepts, **SMALL, **options))


def softmax(x):
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)


def test_attention_and_pointer_follow_their_equations(shake):
    rng = np.random.default_rng(0)
    layer = ConceptAttention(4)
    hidden = rng.normal(size=(2, 3, 5)).astype("float32")
    projected = rng.normal(size=(2, 2, 12)).astype("float32")
    weights = np.array([[0.7, 0.0], [0.4, 0.3]], "float32")
    used = rng.integers(2, size=(2, 3, 2)).astype("float32")
    layer(hidden, projected, weights, used)
    shake(layer)
    context, boost = layer(hidden, projected, weights, used)
    queries = hidden @ layer.queries.kernel.numpy() + layer.queries.bias.numpy()
    of_used, of_weight, constant = layer.scales.numpy()
    for image in range(2):
        keys, values, pointer_keys = np.split(projected[image], 3, axis=-1)
        attention_query, pointer_query = np.split(queries[image], 2, axis=-1)
        scores = attention_query @ keys.T / 2 + of_used * used[image]
        with np.errstate(divide="ignore"):
            scores += np.log(weights[image])  # minus infinity where it is absent
        empty = attention_query @ layer.empty_key.numpy()[:, None] / 2
        shares = softmax(np.concatenate([scores, empty], axis=-1))[:, :2]
        np.testing.assert_allclose(context[image], shares @ values, atol=1e-5)
        expected = pointer_query @ pointer_keys.T / 2
        expected = expected + of_weight * weights[image] + constant
        expected = expected * (weights[image] > 0) * (1 - used[image])
        np.testing.assert_allclose(boost[image], expected, atol=1e-5)


def test_the_pointer_adds_to_the_words_of_an_image():
    logits = np.zeros((4, 1, 6), "float32")
    boost = np.arange(8, dtype="float32").reshape(4, 1, 2)
    ids = np.array([[1, 4], [5, 0]], "int32")  # two captions an image
    found = ops.convert_to_numpy(ConceptPointer()(logits, boost, ids))[:, 0]
    expected = np.zeros((4, 6))
    expected[[0, 1], 1], expected[[0, 1], 4] = [0, 2], [1, 3]
    expected[[2, 3], 5], expected[[2, 3], 0] = [4, 6], [5, 7]
    np.testing.assert_array_equal(found, expected)


def test_the_pointer_adds_the_same_in_both_forms():
    rng = np.random.default_rng(0)
    ids = np.array([[1, 4, 4], [5, 0, 3]], "int32")  # one word twice
    logits = rng.normal(size=(4, 1, 6)).astype("float32")
    boost = rng.normal(size=(4, 1, 3)).astype("float32")
    found = ConceptPointer().add_to_rows(logits[:, 0], boost.reshape(2, 2, 3), ids)
    expected = ConceptPointer()(logits, boost, ids)[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert np.abs(found - logits[:, 0]).max() > 0.1


def test_a_used_word_is_no_longer_raised(shake):
    decoder = guided(shake)
    token_ids = np.array([[2, 5, 4, 6]], "int32")
    used = decoder.guide.used_before(token_ids, np.array([[6, 5]], "int32"))
    expected = [[[0, 0], [0, 1], [0, 1], [1, 1]]]
    np.testing.assert_array_equal(ops.convert_to_numpy(used), expected)


def test_concepts_given_are_seen_in_place_of_those_detected(shake):
    decoder = guided(shake)
    blank = np.zeros((1, 2, 2, 6), "float32")
    given = np.array([[7, 5]], "int32"), np.array([[0.9, 0.2]], "float32")
    memory, state = decoder.begin(blank, given)
    log_probs, _, _ = decoder.step(np.array([2]), memory, state)
    inputs = {
        "concept_ids": given[0],
        "concept_weights": given[1],
        "token_ids": np.array([[2]], "int32"),
    }
    outputs = decoder.unpaired_model()(inputs)
    np.testing.assert_allclose(
        ops.convert_to_numpy(log_probs)[0],
        ops.convert_to_numpy(ops.log_softmax(outputs["logits"]))[0, 0],
        atol=1e-5,
    )
    absent, _ = decoder.begin(blank, (given[0], np.zeros((1, 2), "float32")))
    assert np.abs(ops.convert_to_numpy(absent["input"] - memory["input"])).max() > 1e-3


def test_captions_alone_train_what_images_train(shake):
    decoder = guided(shake)
    paths = {variable.path for variable in decoder.trainable_variables}
    assert {v.path for v in decoder.unpaired_model().trainable_variables} == paths
    assert not any("detector" in path for path in paths)


def test_a_blank_image_keeps_its_concepts(shake):
    keras.utils.set_random_seed(0)
    decoder = guided(shake, image_dropout=0.999, dropout=0.0)
    features = np.random.default_rng(0).normal(size=(4, 2, 2, 6)).astype("float32")
    token_ids = np.array([[2, 5, 8], [2, 7, 4], [2, 6, 6], [2, 9, 5]], "int32")
    images = {"feature_map": features, "token_ids": token_ids}
    blank = decoder(images, training=True)
    concept_ids, weights = map(ops.convert_to_numpy, decoder.guide.detector(features))
    alone = decoder.unpaired_model()(
        {
            "concept_ids": concept_ids,
            "concept_weights": weights,
            "token_ids": token_ids,
        }
    )
    seen = decoder(images)
    for name in ("logits", "attention"):
        got, expected, other = (
            ops.convert_to_numpy(outputs[name]) for outputs in (blank, alone, seen)
        )
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5, err_msg=name)
        assert (np.abs(got - other).max(axis=(1, 2)) > 1e-3).all(), name


@pytest.mark.parametrize("token_id", [-1, 12])
def test_a_noun_outside_the_vocabulary_is_refused(token_id):
    concepts = CONCEPTS | {"noun_token_ids": [5, 6, token_id], "num_concepts": 2}
    with pytest.raises(InputError, match="token ids of the decoder's vocabulary"):
        LSTMDecoder(12, (2, 2, 6), concepts=concepts, **SMALL)


def test_a_decoder_without_concepts_does_not_learn_from_captions_alone():
    with pytest.raises(InputError, match="guided by concepts"):
        LSTMDecoder(12, (2, 2, 6), **SMALL).unpaired_model()
