"""Pictures, noise and words of the Paint tab are those of Python."""

from unicodedata import normalize

import numpy as np
import pytest

from keras_imgdesc.export import export_tflite
from keras_imgdesc.lite import LitePainter
from keras_imgdesc.lite.text_file import read_words
from keras_imgdesc.noise import draw_normal, threefry
from keras_imgdesc.splitting import join_words
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.text.checks import accepted_unknown_words

TEXT = "a small red star above a large blue circle"
TEXTS = (
    *("", "   ", "A man's T-shirt, 2 dogs!", "It’s  «small»—RED\n\tstar"),
    *("İstanbul ISPARTA", "ΟΔΥΣΣΕΥΣ ΣΑΣ", "naïve cafe\u0301 \u0301x", "हिन्दी में"),
    *("soft\u00adhyphen zero\u200dwidth", "❤\ufe0f heart 1\ufe0f\u20e3", "ß ﬀ Ⅷ ½ x²"),
    *("日本語、中文", "[UNK] [START] a", "🦓 zebra🦓s", "а\u20ddб", "Ǆ ǅ"),
    *("J\u030c e\u200d\u0301 \u212b", "Gro\u0308ße Tiếng Việt", "两只Dogs，在跑 2只"),
    *("コーヒー 한국어", "แมวที่นี่ a\u0e48"),
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
    const { split } = tokenizer;
    return texts.map((text) =>
        [readWords(text, split), Array.from(tokenizer.tokenize(text))]);
}"""
JOINED = """async (texts) => {
    const { joinWords } = await import("./words.js");
    return texts.map((words) => joinWords(words, "characters"));
}"""


@pytest.fixture
def page(address, open_page):
    web = open_page(address)
    web.page.goto(address)
    return web.page


def test_images_are_those_of_python(address, open_page, painter):
    web = open_page(address).open_paint()
    texts = [(TEXT, 0, 4), ("a Green, cross!", 7, 1), ("a zebra of the left", 3, 8)]
    found = []
    # Check the very first run too: a failing kernel may leave memory unchanged.
    for text, seed, count in [*texts, (TEXT, 2**40 + 5, 1)]:
        got = web.paint(text, seed, count)
        with accepted_unknown_words():
            expected = painter.generate(text, num_images=count, seed=seed)
        assert got.shape == (count, 32, 32, 4)
        assert (got[..., 3] == 255).all()
        assert np.abs(got[..., :3] - expected.astype(int)).max() <= 1, (text, seed)
        found.append(expected)
    # An image of black or white only would hide differences.
    grey = np.concatenate(found)
    assert ((grey > 5) & (grey < 250)).mean() > 0.9 and grey.std() > 10
    # Text and seed change the image by more than the tolerance.
    others = (painter.generate("a red cross", seed=0), found[-1])
    for other in others:
        assert np.abs(found[0][0] - other[0].astype(int)).mean() > 2
    # The console of the worker is captured, or its errors would be missed too.
    assert any("XNNPACK" in line for line in web.console)


@pytest.mark.parametrize("quantize", ["float16", "dynamic", "int8"])
def test_smaller_files_paint_as_in_python(
    quantize, dynamic_model, painter, build, serve, open_page, tmp_path
):
    path = export_tflite(painter, tmp_path / "painter.tflite", quantize=quantize)
    lite = LitePainter(path)
    with serve(build(dynamic_model, path)) as address:
        web = open_page(address).open_paint()
        for seed in range(3):
            got = web.paint(TEXT, seed, 4)[..., :3]
            away = np.abs(got - lite.generate(TEXT, 4, seed=seed).astype(int))
            # Kernels differ slightly in how they round to int8.
            assert away.mean() < (0.02 if quantize == "float16" else 0.5), seed


def test_the_noise_is_that_of_python(page):
    seeds = (0, 1, 2**31, 2**32 - 1, 2**32, 2**53 - 1)
    cases = [(width, seed, 3) for seed in seeds for width in (7, 64)]
    found = page.evaluate(NOISE, cases)
    assert found["zero"] == [0x6B200159, 0x99BA4EFE]
    assert found["words"] == list(threefry((1, 2), (3, 4)))
    for (width, seed, row), values in zip(cases, found["rows"], strict=True):
        expected = draw_normal(row + 1, width, seed)[row]
        np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-7)


def test_texts_are_tokenized_as_in_python(page, painter):
    texts = [*TEXTS, "a red zebra " * 9]
    texts += [normalize("NFD", text) for text in texts]
    tokenizer = painter.text_encoder.tokenizer
    ids = {name: getattr(tokenizer.vocabulary, name) for name in _SPECIAL}
    metadata = {
        "vocabulary": ids,
        "sequence_length": painter.text_encoder.sequence_length,
    }
    # A decomposed word in the vocabulary is of an earlier version.
    tokens = [*tokenizer.vocabulary.tokens, "gro\u0308ße", *"两只跑コ"]
    for split in ("words", "characters"):
        tokenizer = CaptionTokenizer(
            Vocabulary(tokens), tokenizer.sequence_length, split
        )
        found = page.evaluate(WORDS, [texts, tokens, metadata | {"split": split}])
        expected = np.asarray(tokenizer(texts))
        for text, (words, token_ids), python_ids in zip(
            texts, found, expected, strict=True
        ):
            assert words == read_words(text, split), text
            assert token_ids == python_ids.tolist(), text
    texts = [read_words(text, "characters") for text in texts]
    joined = [join_words(words, "characters") for words in texts]
    assert page.evaluate(JOINED, texts) == joined


_SPECIAL = ("pad_id", "unk_id", "start_id", "end_id")
