import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.meteor import Meteor, meteor_scores
from keras_imgdesc.evaluation.captions.meteor_process import MeteorProcess

# What the program says of "a dog runs on grass" for "a dog runs on the grass": 5 and 6
# words, of which 2 and 3 are function words; 3 content and 2 function words match
# exactly, in 2 chunks.
RUNS = [5, 6, 2, 3, 3, 3, 2, 2, *[0] * 12, 2, 5, 5]
# Of "two men play" for the same words, of which "two" is a function word: one chunk.
EQUAL = [3, 3, 1, 1, 2, 2, 1, 1, *[0] * 12, 1, 3, 3]
# Of "zebra" for "two men play", and of no caption.
WRONG = [1, 3, 0, 1, *[0] * 19]
EMPTY = [0, 3, 0, 1, *[0] * 19]


def by_hand(stats):
    """The formulas of the paper, for exact matches only."""
    (length, expected, function, expected_function, content, other_content, words,
     other_words), chunks, matched = stats[:8], stats[20], stats[21]  # fmt: skip
    delta, alpha, beta, gamma = 0.75, 0.85, 0.2, 0.6
    of_caption = delta * content + (1 - delta) * words
    of_reference = delta * other_content + (1 - delta) * other_words
    precision = of_caption / (delta * (length - function) + (1 - delta) * function)
    recall = of_reference / (
        delta * (expected - expected_function) + (1 - delta) * expected_function
    )
    mean = precision * recall / (alpha * precision + (1 - alpha) * recall)
    return 100 * mean * (1 - gamma * (chunks / matched) ** beta)


def test_scores_equal_the_formulas():
    statistics = np.array([RUNS, EQUAL, WRONG, EMPTY], float)
    found = meteor_scores(np.eye(4, dtype=int), statistics)
    # A caption that equals its reference has no penalty, although it has a chunk.
    assert found == pytest.approx([by_hand(RUNS), 100, 0, 0])


def test_a_corpus_adds_up_its_counts():
    statistics = np.array([RUNS, EQUAL, WRONG], float)
    found = meteor_scores(np.array([[1, 0, 2], [2, 2, 0]]), statistics)
    first = np.array(RUNS) + 2 * np.array(WRONG)
    # The chunk of a caption that equals its reference is not counted.
    second = 2 * np.array(RUNS) + 2 * np.array(EQUAL)
    second[20] = 2 * RUNS[20]
    assert found == pytest.approx([by_hand(first.tolist()), by_hand(second.tolist())])


@pytest.fixture
def fake_java(tmp_path, monkeypatch):
    """Put a script in the place of Java."""

    def write(script):
        java = tmp_path / "java"
        java.write_text(f'#!/bin/sh\n[ "$1" = -version ] && exit 0\n{script}\n')
        java.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        monkeypatch.delenv("JAVA_HOME", raising=False)

    return write


ANSWER = " ".join(str(float(number)) for number in RUNS)


def test_a_caption_cannot_break_the_protocol(fake_java, tmp_path):
    # The script keeps what it is asked, line by line.
    fake_java(f'while read -r l; do echo "$l" >> {tmp_path}/log; echo {ANSWER}; done')
    with MeteorProcess() as meteor:
        found = meteor.align("a\rdog\u2028 ||| SCORE\n", ["a | dog", "b\n"])
    assert found.tolist() == RUNS
    (line,) = (tmp_path / "log").read_bytes().splitlines()
    assert line == b"SCORE ||| a dog ||| b ||| a dog SCORE"


def test_java_runs_once_for_scores_and_resamples(fake_java, tmp_path, collection):
    fake_java(
        f"echo start >> {tmp_path}/log; while read -r line; do echo {ANSWER}; done"
    )
    metric, captions = Meteor(), ["a dog runs on grass", "b", "c"]
    score = metric.compute(captions, collection)["meteor"]
    sampled = metric.sampler(captions, collection)(np.array([[1, 1, 1], [0, 3, 0]]))
    assert sampled["meteor"] == pytest.approx([score, score])
    assert score == pytest.approx(by_hand(RUNS))
    assert (tmp_path / "log").read_text() == "start\n"
    metric.compute([*captions[:2], "d"], collection)
    assert (tmp_path / "log").read_text() == "start\nstart\n"


@pytest.mark.parametrize("script", ["echo 'no memory' >&2; exit 1", "read l; echo x"])
def test_a_java_that_fails_is_reported(fake_java, collection, script):
    fake_java(script)
    expected = "no memory" if "memory" in script else "answer='x"
    with pytest.raises(InputError, match=expected):
        Meteor().compute(["a", "b", "c"], collection)


def test_java_is_needed(without_java, collection):
    with pytest.raises(InputError, match="METEOR runs in Java"):
        Meteor().check()
    with pytest.raises(InputError, match="METEOR runs in Java"):
        Meteor().compute(["a", "b", "c"], collection)


def test_wrong_arguments_are_refused(collection):
    with pytest.raises(InputError, match="captions=1"):
        Meteor().compute(["a"], collection)


@pytest.mark.slow
def test_scores_equal_those_of_the_library(java, collection):
    """Both start Java, which reads its paraphrases for some seconds."""
    from pycocoevalcap.meteor import meteor

    metric = Meteor()
    captions = ["a (puppy) ran on the lawn", "", "a cat asleep on the couch"]
    words = metric.tokenizer(captions)
    references = [metric.tokenizer(e.captions) for e in collection]
    library = meteor.Meteor()
    try:
        score, scores = library.compute_score(
            dict(enumerate(references)), {i: [text] for i, text in enumerate(words)}
        )
    finally:
        library.meteor_p.stdout.close()
        library.meteor_p.stderr.close()
    found = metric.sampler(captions, collection)(np.array([[1, 1, 1], [1, 0, 0]]))
    assert found["meteor"] == pytest.approx([100 * score, 100 * scores[0]])
    assert metric.compute(captions, collection)["meteor"] == pytest.approx(100 * score)
    assert 0 < scores[0] < 1 and scores[1] == 0
