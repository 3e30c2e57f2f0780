import os
import subprocess
import sys
from unicodedata import normalize

import pytest
import tensorflow as tf

from keras_imgdesc.splitting import join_words, split_characters
from keras_imgdesc.text.standardization import (
    join_in_graph,
    standardize,
    standardize_list,
)

CASES = {
    "A dog runs.": "a dog runs",
    "A man's T-shirt; two men’s hats": "a mans t shirt two mens hats",
    "rock`n`roll ‘quoted’ “words”": "rocknroll quoted words",
    "  many \t spaces\nand lines  ": "many spaces and lines",
    "": "",
    " ... !": "",
    "under_score 3 dogs no.7 1,000": "under score 3 dogs no 7 1 000",
    "[START] <b>bold</b> [END]": "start b bold b end",
    "ÉCOLE Größe ИВАН ΣΑΣ": "école größe иван σας",
    "İI": "ii",
    "日本語、犬。": "日本語 犬",
    "हिन्दी कैफ़े": "हिन्दी कैफ़े",
    "a dog 🐶❤️ runs 👨‍👩‍👧 1️⃣": "a dog runs 1",
    "soft\u00adhyphen no\u00a0break": "softhyphen no break",
    "cafe\u0301": "caf\u00e9",
    "J\u030c": "\u01f0",
    "e\u200d\u0301": "\u00e9",
    "\u212bngstr\u00f6m": "ångström",
    "a \u0301b": "a b",
    "zero\x00byte": "zero byte",
}


@pytest.mark.parametrize("text", CASES)
def test_standardize(text):
    assert standardize(text).numpy().decode() == CASES[text]


def test_composed_and_decomposed_words_are_one():
    texts = [*CASES, "Größe", "ÉCOLE naïve", "Tiếng Việt: Ậ, ữ", "한국어 강아지가"]
    expected = standardize_list(texts)
    for form in ("NFC", "NFD"):
        assert standardize_list([normalize(form, t) for t in texts]) == expected
    assert expected == [normalize("NFC", text) for text in expected]


def test_scripts_without_spaces_are_split_by_characters():
    texts = ["两只Dogs，在跑。", "コーヒー!", "แมวที่นี่", "a man's T-shirt", "2只"]
    split = standardize_list(texts, "characters")
    assert split == [
        "两 只 dogs 在 跑",
        "コ ー ヒ ー",
        "แ ม ว ที่ นี่",
        "a mans t shirt",
        "2 只",
    ]
    assert standardize_list(split, "characters") == split
    words = [text.split() for text in standardize_list(texts)]
    assert [" ".join(split_characters(each)) for each in words] == split
    joined = join_in_graph(tf.constant([split, split]), "characters").numpy()
    expected = [join_words(text.split(), "characters").encode() for text in split]
    assert joined.tolist() == [expected, expected]


def test_it_is_idempotent():
    once = standardize_list(list(CASES))
    assert standardize_list(once) == once == list(CASES.values())


def test_any_shape_and_bytes_that_are_not_text():
    texts = tf.constant([[b"A\xff\xfeB", b"\x80"], [b"x", b"\xc3"]])
    assert standardize(texts).numpy().tolist() == [[b"a b", b""], [b"x", b""]]
    assert standardize(tf.constant([], tf.string)).shape == (0,)
    assert standardize_list([]) == []


def test_in_graph():
    graph = tf.function(standardize, input_signature=[tf.TensorSpec([None], tf.string)])
    texts = [text.encode() for text in CASES]
    assert graph(tf.constant(texts)).numpy().tolist() == [
        text.encode() for text in CASES.values()
    ]


@pytest.mark.slow
def test_the_locale_does_not_matter():
    # ICU lower-cases "I" to a dotless i in a Turkish process.
    code = (
        "from keras_imgdesc.text.standardization import standardize_list as s;"
        "print(s(['IN THE WILD \\u0130']) == ['in the wild i'])"
    )
    environment = {**os.environ, "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert run.stdout.strip() == "True"
