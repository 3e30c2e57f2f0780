import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc.errors import InputError, UnknownWordsWarning
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.text.streamed_captions import StreamedCaptions

CAPTIONS = ["a dog", "a dog a dog a dog", "dog"]


def streamed() -> StreamedCaptions:
    tokenizer = CaptionTokenizer(Vocabulary(["a", "dog"]), 5)
    return StreamedCaptions(tokenizer, "captioner")


def dataset(captions) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices({"caption": captions, "other": captions})


@pytest.mark.parametrize("shape", ["single", "several", "batches"])
def test_captions_are_counted_when_the_first_epoch_ends(shape, caplog):
    counter = streamed()
    captions = [[text, "a"] for text in CAPTIONS] if shape == "several" else CAPTIONS
    data = dataset(captions)
    data = data.batch(2) if shape == "batches" else data
    watched = counter.watch(data)
    assert watched.element_spec == data.element_spec
    read = [np.ravel(row["caption"]).tolist() for row in watched]
    assert read == [np.ravel(row["caption"]).tolist() for row in data]
    assert not caplog.records
    counter.on_epoch_end(0)
    total = 6 if shape == "several" else 3
    assert f"1 of {total} captions" in caplog.text and "longer than 5" in caplog.text
    caplog.clear()
    list(watched)
    counter.on_epoch_end(1)
    assert not caplog.records


def test_unknown_words_are_said_or_refused():
    counter = streamed()
    list(counter.watch(dataset(["a dog", "a zebra"])))
    with pytest.warns(UnknownWordsWarning, match=r"25\.0 %.*captioner: zebra"):
        counter.on_epoch_end(0)
    counter = streamed()
    list(counter.watch(dataset(["zebra", "giraffe"])))
    with pytest.raises(InputError, match="the captioner knows.*zebra"):
        counter.on_epoch_end(0)


def test_other_data_stay_as_they_are():
    counter = streamed()
    pairs = tf.data.Dataset.from_tensor_slices((CAPTIONS, CAPTIONS))
    ids = tf.data.Dataset.from_tensor_slices({"caption": [1, 2]})
    for data in (None, {"caption": CAPTIONS}, (1, 2), pairs, ids):
        assert counter.watch(data) is data
    counter.on_epoch_end(0)


def test_it_joins_other_callbacks():
    counter, other = streamed(), keras.callbacks.Callback()
    assert counter.add_to({}) == {"callbacks": [counter]}
    for given in (other, [other], (other,)):
        options = counter.add_to({"callbacks": given, "verbose": 0})
        assert options == {"callbacks": [other, counter], "verbose": 0}
    several = keras.callbacks.CallbackList([other])
    assert counter.add_to({"callbacks": several}) == {"callbacks": several}
    assert several.callbacks == [other, counter]
