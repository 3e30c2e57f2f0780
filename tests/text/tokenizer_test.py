import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.text import CaptionTokenizer, Vocabulary

WORDS = ["a", "dog", "runs", "größe", "犬", "हिन्दी", "mans"]


@pytest.fixture(scope="module")
def tokenizer():
    return CaptionTokenizer(Vocabulary(WORDS), sequence_length=6)


def test_ids(tokenizer):
    ids = tokenizer(["A dog runs!", "a zebra", "", "🐶", "Größe 犬 हिन्दी man's"])
    assert ids.dtype == tf.int32
    assert ids.numpy().tolist() == [
        [2, 4, 5, 6, 3, 0],
        [2, 4, 1, 3, 0, 0],
        [2, 3, 0, 0, 0, 0],
        [2, 3, 0, 0, 0, 0],
        [2, 7, 8, 9, 10, 3],
    ]


def test_a_long_text_keeps_its_end_token(tokenizer):
    ids = tokenizer(["dog " * 10_000, "a dog runs a dog"]).numpy()
    assert ids.tolist() == [[2, 5, 5, 5, 5, 3], [2, 4, 5, 6, 4, 3]]


def test_a_long_caption_to_train_on_has_no_end_token(tokenizer):
    captions = ["a dog runs a dog", "a dog runs a", "a dog runs a dog runs"]
    ids = tokenizer(captions, end_cut=False).numpy()
    assert ids.tolist() == [
        [2, 4, 5, 6, 4, 5],
        [2, 4, 5, 6, 4, 3],
        [2, 4, 5, 6, 4, 5],
    ]


def test_special_tokens_cannot_be_written_into_a_text(tokenizer):
    assert tokenizer(["[END] a"]).numpy().tolist() == [[2, 1, 4, 3, 0, 0]]


def test_shapes(tokenizer):
    assert tokenizer("a dog").shape == (6,)
    assert tokenizer([["a", "dog"], ["a", "b"], ["", ""]]).shape == (3, 2, 6)
    assert tokenizer(tf.constant([], tf.string)).shape == (0, 6)


def test_round_trip(tokenizer):
    texts = ["a dog runs", "größe 犬 हिन्दी", "a [UNK] dog", "", "[UNK]"]
    ids = tokenizer(texts)
    assert tokenizer.detokenize(ids) == texts
    np.testing.assert_array_equal(tokenizer(tokenizer.detokenize(ids)), ids)


def test_round_trip_of_a_large_vocabulary():
    words = [f"word{index}" for index in range(10_000)]
    tokenizer = CaptionTokenizer(Vocabulary(words), sequence_length=10_002)
    ids = tokenizer([" ".join(words)])
    assert ids.numpy().tolist() == [[2, *range(4, 10_004), 3]]
    assert tokenizer.detokenize(ids) == [" ".join(words)]


def test_detokenize_stops_at_the_first_end_token(tokenizer):
    ids = [[4, 5, 3, 6, 6], [3, 4, 4, 4, 4], [0, 2, 4, 0, 5]]
    assert tokenizer.detokenize(ids) == ["a dog", "", "a dog"]
    assert tokenizer.detokenize(keras.ops.array(ids, "int32"))[0] == "a dog"
    assert tokenizer.detokenize(np.zeros((0, 4), "int32")) == []


@pytest.mark.parametrize("ids", [[2, 4, 3], [[4, 11]], [[-1]], [[0.5]], [[[4]]]])
def test_detokenize_refuses_other_ids(tokenizer, ids):
    with pytest.raises(InputError, match="token_ids"):
        tokenizer.detokenize(ids)


def test_detokenize_in_graph_takes_beams_and_survives_unknown_ids(tokenizer):
    graph = tf.function(tokenizer.detokenize_in_graph)
    ids = tf.constant([[[2, 4, 99, 3], [2, 5, 6, 6]]], tf.int32)
    texts = graph(ids)
    assert texts.shape == (1, 2)
    assert texts.numpy().tolist() == [[b"a [UNK]", b"dog runs runs"]]


def test_in_a_dataset(tokenizer):
    dataset = tf.data.Dataset.from_tensor_slices(["a dog", "dog runs", "a"])
    one_by_one = dataset.map(tokenizer)
    batched = dataset.batch(2).map(tokenizer)
    assert one_by_one.element_spec.shape == (6,)
    assert batched.element_spec.shape == (None, 6)
    expected = tokenizer(["a dog", "dog runs", "a"])
    np.testing.assert_array_equal(list(one_by_one), expected)
    np.testing.assert_array_equal(np.concatenate(list(batched)), expected)


def test_in_a_saved_model(tokenizer, tmp_path):
    def there_and_back(texts):
        return tokenizer.detokenize_in_graph(tokenizer(texts))

    archive = keras.export.ExportArchive()
    archive.track(tokenizer)
    archive.add_endpoint(
        "serve", there_and_back, input_signature=[tf.TensorSpec([None], tf.string)]
    )
    archive.write_out(str(tmp_path / "model"), verbose=False)
    serve = tf.saved_model.load(str(tmp_path / "model")).serve
    texts = serve(tf.constant(["A Dog runs", "🐶"]))
    assert texts.numpy().tolist() == [b"a dog runs", b""]


def test_config_round_trip(tokenizer):
    config = json.loads(json.dumps(tokenizer.get_config()))
    copy = CaptionTokenizer.from_config(config)
    assert copy.get_config() == tokenizer.get_config()
    assert "vocabulary" in config  # from_config leaves its argument alone
    texts = ["a dog runs fast"]
    np.testing.assert_array_equal(copy(texts), tokenizer(texts))


def test_keras_serialization(tokenizer):
    saved = keras.saving.serialize_keras_object(tokenizer)
    copy = keras.saving.deserialize_keras_object(saved)
    assert copy.get_config() == tokenizer.get_config()


def test_bad_arguments_are_refused():
    with pytest.raises(InputError, match="sequence_length=2"):
        CaptionTokenizer(Vocabulary(["a"]), sequence_length=2)
    with pytest.raises(InputError, match="'Dog'"):
        CaptionTokenizer(Vocabulary(["a", "Dog", "man's"]))


def test_no_words_at_all():
    tokenizer = CaptionTokenizer(Vocabulary([]), sequence_length=4)
    assert tokenizer(["a dog"]).numpy().tolist() == [[2, 1, 1, 3]]


def test_by_characters():
    tokenizer = CaptionTokenizer(
        Vocabulary(["一", "只", "狗", "red", "dog"]), 7, split="characters"
    )
    ids = tokenizer(["一只狗", "一只Red dog狗。", "猫"])
    expected = [[2, 4, 5, 6, 3, 0, 0], [2, 4, 5, 7, 8, 6, 3], [2, 1, 3, 0, 0, 0, 0]]
    assert ids.numpy().tolist() == expected
    texts = ["一只狗", "一只red dog狗", "[UNK]"]
    assert tokenizer.detokenize(ids) == texts
    assert tokenizer.unknown_words(["一猫狗马"]).numpy().tolist() == ["猫 马".encode()]
    copy = CaptionTokenizer.from_config(json.loads(json.dumps(tokenizer.get_config())))
    np.testing.assert_array_equal(copy(texts[:2]), ids[:2])
    # Presets of words are saved as before.
    assert "split" not in CaptionTokenizer(Vocabulary(["a"])).get_config()
    with pytest.raises(InputError, match="'日本'.*split='characters'"):
        CaptionTokenizer(Vocabulary(["日本"]), split="characters")


def test_a_vocabulary_of_decomposed_words_knows_both_forms():
    words = ["cafe\u0301", "größe", "gro\u0308ße", "a"]
    tokenizer = CaptionTokenizer(Vocabulary(words), 5)
    ids = tokenizer(["café größe", "cafe\u0301 gro\u0308ße a"]).numpy().tolist()
    assert ids == [[2, 4, 5, 3, 0], [2, 4, 5, 7, 3]]
    assert tokenizer.vocabulary.id_of("café") == 4 and "café" in tokenizer.vocabulary
    assert tokenizer.detokenize([[4, 6, 3]]) == ["cafe\u0301 gro\u0308ße"]


def test_standardize_is_the_one_of_the_package(tokenizer):
    assert tokenizer.standardize(["A man's DOG"]).numpy().tolist() == [b"a mans dog"]
