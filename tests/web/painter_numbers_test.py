"""Noise and words of the Paint tab, against those of Python."""

import numpy as np
import pytest

from keras_imgdesc.lite.word_reading import read_words
from keras_imgdesc.noise import draw_normal, threefry

TEXTS = (
    *("", "   ", "A man's T-shirt, 2 dogs!", "It’s  «small»—RED\n\tstar"),
    *("İstanbul ISPARTA", "ΟΔΥΣΣΕΥΣ ΣΑΣ", "naïve cafe\u0301 \u0301x", "हिन्दी में"),
    *("soft\u00adhyphen zero\u200dwidth", "❤\ufe0f heart 1\ufe0f\u20e3", "ß ﬀ Ⅷ ½ x²"),
    *("日本語、中文", "[UNK] [START] a", "🦓 zebra🦓s", "а\u20ddб", "Ǆ ǅ"),
)
NOISE = """async (cases) => {
    const { drawNormal, threefry } = await import("./noise.js");
    return {
        words: threefry([1, 2], [3, 4]),
        zero: threefry([0, 0], [0, 0]),
        rows: cases.map((one) => Array.from(drawNormal(...one))),
    };
}"""
WORDS = """async ([texts, tokens, metadata]) => {
    const { readWords, Tokenizer } = await import("./words.js");
    const tokenizer = new Tokenizer(tokens, metadata);
    return texts.map((text) =>
        [readWords(text), Array.from(tokenizer.tokenize(text))]);
}"""


@pytest.fixture
def page(dynamic_model, painter_model, build, serve, open_page):
    with serve(build(dynamic_model, painter_model)) as address:
        web = open_page(address)
        web.page.goto(address)
        yield web.page


def test_the_noise_is_that_of_python(page):
    seeds = (0, 1, 2**31, 2**32 - 1, 2**32, 2**53 - 1)
    cases = [(width, seed, 3) for seed in seeds for width in (7, 64)]
    found = page.evaluate(NOISE, cases)
    assert found["zero"] == [0x6B200159, 0x99BA4EFE]
    assert found["words"] == list(threefry((1, 2), (3, 4)))
    for (width, seed, row), values in zip(cases, found["rows"], strict=True):
        wanted = draw_normal(row + 1, width, seed)[row]
        np.testing.assert_allclose(values, wanted, rtol=1e-6, atol=1e-7)


def test_texts_are_read_as_in_python(page, painter):
    texts = [*TEXTS, "a red zebra " * 9]
    tokenizer = painter.text_encoder.tokenizer
    ids = {name: getattr(tokenizer.vocabulary, name) for name in _SPECIAL}
    metadata = {
        "vocabulary": ids,
        "sequence_length": painter.text_encoder.sequence_length,
    }
    found = page.evaluate(WORDS, [texts, list(tokenizer.vocabulary.tokens), metadata])
    wanted = np.asarray(tokenizer(texts))
    for text, (words, token_ids), python_ids in zip(texts, found, wanted, strict=True):
        assert words == read_words(text), text
        assert token_ids == python_ids.tolist(), text


_SPECIAL = ("pad_id", "unk_id", "start_id", "end_id")
