import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.bleu import Bleu
from keras_imgdesc.evaluation.captions.tokenizers import (
    TOKENIZERS,
    PtbTokenizer,
    WordTokenizer,
)

# Each of these ends a line for the Java class, but not for pycocoevalcap's wrapper.
LINE_ENDS = ["\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\r\n", "\n"]


@pytest.fixture(scope="module")
def ptb():
    return PtbTokenizer()


@pytest.mark.parametrize("name", TOKENIZERS)
def test_no_caption_gets_the_words_of_another(java, name):
    texts = [f"first{end}second" for end in LINE_ENDS]
    texts += ["", " ", "third", "an emoji \U0001f600 here", "last\r"]
    expected = ["first second"] * len(LINE_ENDS)
    expected += ["", "", "third", "an emoji here", "last"]
    assert TOKENIZERS[name]()(texts) == expected


@pytest.mark.parametrize("name", TOKENIZERS)
def test_brackets_are_no_words(java, name):
    texts = ["a (red) dog", "[a] {b}", "(((", "a dog (a (big) one"]
    expected = ["a red dog", "a b", "", "a dog a big one"]
    assert TOKENIZERS[name]()(texts) == expected


def test_wrapped_words_would_be_shifted(java):
    """The library does what the guard is for; otherwise the guard can go."""
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    texts = ["first\rsecond", "third", "(fourth)"]
    given = {number: [{"caption": text}] for number, text in enumerate(texts)}
    found = PTBTokenizer().tokenize(given)
    assert found[1] == ["second"] and found[2] == ["third"]
    (bracketed,) = PTBTokenizer().tokenize({0: [{"caption": "(fourth)"}]}).values()
    assert bracketed == ["-lrb- fourth -rrb-"]


def test_ordinary_captions_are_split_as_by_the_library(java, ptb):
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    texts = ["A man's T-shirt isn't red; it is 'blue' .", "Two dogs, 3,000 cats!", "é"]
    given = {number: [{"caption": text}] for number, text in enumerate(texts)}
    library = [found for (found,) in PTBTokenizer().tokenize(given).values()]
    assert ptb(texts) == library
    assert library[0] == "a man 's t-shirt is n't red it is blue"


def test_known_texts_are_not_split_again(java, ptb, monkeypatch):
    assert ptb(["a dog", "a cat"]) == ["a dog", "a cat"]
    monkeypatch.setattr(ptb, "_split", None)
    assert ptb(["a cat", "a dog", "a cat"]) == ["a cat", "a dog", "a cat"]
    assert ptb([]) == []


def test_metrics_use_their_tokenizer(java, ptb, collection):
    captions = ["a dog runs on the grass", "two men's", "a cat"]
    # "men's" is one word, "mens", or two, "men" and "'s". No reference has "mens" or
    # "'s": of the second caption, one of two words or two of three are right.
    assert WordTokenizer()(["two men's"]) == ["two mens"]
    assert ptb(["two men's"]) == ["two men 's"]
    by_words = Bleu(WordTokenizer()).sampler(captions, collection)
    by_ptb = Bleu(ptb).sampler(captions, collection)
    second = np.array([[0, 1, 0]])
    penalty = [np.exp(1 - 4 / 2), np.exp(1 - 4 / 3)]
    found = [float(s(second)["bleu_1"][0]) for s in (by_words, by_ptb)]
    assert found == pytest.approx([100 * penalty[0] / 2, 100 * penalty[1] * 2 / 3])


def test_java_is_needed(without_java):
    with pytest.raises(InputError, match="'ptb' runs in Java"):
        PtbTokenizer().check()
    with pytest.raises(InputError, match="'ptb' runs in Java"):
        PtbTokenizer()(["a dog"])


def test_a_java_that_fails_is_reported(tmp_path, monkeypatch):
    java = tmp_path / "java"
    java.write_text('#!/bin/sh\n[ "$1" = -version ] && exit 0\necho "no memory" >&2\n')
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(InputError, match="no memory") as error:
        PtbTokenizer()(["a dog", "a cat"])
    assert error.value.received == {"captions": 2, "lines": 1}
