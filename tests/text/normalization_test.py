"""Unicode's composed form in a graph, compared with Python's."""

import random
from unicodedata import combining, decomposition, normalize

import keras
import pytest
import tensorflow as tf

from keras_imgdesc.text.normalization import compose

HANGUL = [*range(0x1100, 0x1200), *range(0xAC00, 0xAC40)]


def special_characters() -> list[str]:
    """Return all characters that have a decomposition or a combining class."""
    codes = (c for c in range(0x30000) if not 0xD800 <= c < 0xE000)
    return [chr(c) for c in codes if decomposition(chr(c)) or combining(chr(c))]


def test_every_character_composes_as_in_python():
    special = special_characters()
    texts = [*special, *(f"e{normalize('NFD', c)}\u0301" for c in special)]
    assert len(special) > 6000
    expected = [normalize("NFC", text).encode() for text in texts]
    assert compose(tf.constant(texts)).numpy().tolist() == expected


def test_random_texts_compose_as_in_python():
    draw = random.Random(0)
    pool = [*special_characters(), *map(chr, HANGUL), *"aeiouAEIOU q" * 100]
    texts = ["".join(draw.choices(pool, k=draw.randrange(12))) for _ in range(5000)]
    # A long run of marks costs no more than other texts of its length.
    texts.append("a" + "\u0301\u0323" * 2000)
    expected = [normalize("NFC", text).encode() for text in texts]
    assert compose(tf.constant(texts)).numpy().tolist() == expected


@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (0,)])
def test_any_shape(shape):
    texts = tf.fill(shape, "cafe\u0301")
    composed = compose(texts)
    assert composed.shape == shape
    assert set(composed.numpy().ravel().tolist() if shape else [composed.numpy()]) <= {
        "café".encode()
    }


def test_in_a_saved_model(tmp_path):
    archive = keras.export.ExportArchive()
    signature = [tf.TensorSpec([None], tf.string)]
    archive.add_endpoint("serve", compose, input_signature=signature)
    archive.write_out(str(tmp_path / "model"), verbose=False)
    serve = tf.saved_model.load(str(tmp_path / "model")).serve
    texts = ["Tiếng Việt", "한국어", "plain"]
    decomposed = [normalize("NFD", text) for text in texts]
    assert decomposed != texts
    expected = [text.encode() for text in texts]
    assert serve(tf.constant(decomposed)).numpy().tolist() == expected
    assert serve(tf.constant(texts)).numpy().tolist() == expected
