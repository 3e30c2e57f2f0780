import subprocess
import sys

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.text import Vocabulary
from keras_imgdesc.text.vocabulary import count_words

CAPTIONS = ["A dog runs.", "a DOG sleeps", "a man's cat", "A mans hat"]


def test_special_tokens_have_the_first_ids():
    vocabulary = Vocabulary(["a", "dog"])
    assert vocabulary.tokens == ("", "[UNK]", "[START]", "[END]", "a", "dog")
    ids = (vocabulary.pad_id, vocabulary.unk_id, vocabulary.start_id, vocabulary.end_id)
    assert ids == (0, 1, 2, 3)
    assert len(vocabulary) == 6
    assert vocabulary.id_of("dog") == 5
    assert vocabulary.id_of("zebra") == vocabulary.unk_id
    assert "dog" in vocabulary and "zebra" not in vocabulary


def test_special_tokens_may_be_given():
    assert Vocabulary(Vocabulary(["a"]).tokens) == Vocabulary(["a"])


def test_empty_vocabulary_has_the_special_tokens():
    assert len(Vocabulary([])) == 4


@pytest.mark.parametrize(
    "tokens",
    [
        ["a", "dog", "a"],
        ["a", ""],
        ["a dog"],
        ["a\n"],
        ["a\u2028b"],
        [3],
        ["a", "[END]"],
        ["", "[UNK]", "[END]", "[START]", "a"],
        ["", "[UNK]", "[START]", "[END]", "a", "[UNK]"],
    ],
)
def test_unusable_tokens_are_refused(tokens):
    with pytest.raises(InputError, match="Received: "):
        Vocabulary(tokens)


def test_build_counts_standardised_words_most_frequent_first():
    vocabulary = Vocabulary.build(CAPTIONS)
    assert vocabulary.tokens[4:] == (
        *("a", "dog", "mans"),
        *("cat", "hat", "runs", "sleeps"),  # once each: in alphabetical order
    )


def test_build_does_not_depend_on_the_order_and_reads_streams():
    assert Vocabulary.build(iter(CAPTIONS[::-1])) == Vocabulary.build(CAPTIONS)


def test_build_cuts_off():
    assert Vocabulary.build(CAPTIONS, min_count=2).tokens[4:] == ("a", "dog", "mans")
    assert Vocabulary.build(CAPTIONS, max_size=6).tokens[4:] == ("a", "dog")


def test_an_extended_vocabulary_keeps_its_ids():
    vocabulary = Vocabulary(["a", "dog"])
    longer = vocabulary.extended(["zebra", "bus"])
    assert longer.tokens == (*vocabulary.tokens, "zebra", "bus")
    assert vocabulary.extended([]) == vocabulary
    with pytest.raises(InputError, match="dog"):
        vocabulary.extended(["dog"])


def test_words_are_counted():
    counts = count_words(CAPTIONS)
    assert counts["a"] == 4 and counts["mans"] == 2 and counts.total() == 12


def test_counted_words_are_cut_off_as_captions_are():
    counts = count_words(CAPTIONS)
    for options in ({}, {"min_count": 2}, {"max_size": 6}):
        expected = Vocabulary.build(CAPTIONS, **options)
        assert Vocabulary.of_counts(counts, **options) == expected
    for options in ({"min_count": 5}, {"min_count": 0}, {"max_size": 4}):
        with pytest.raises(InputError):
            Vocabulary.of_counts(counts, **options)


def test_build_goes_through_several_batches(monkeypatch):
    monkeypatch.setattr("keras_imgdesc.text.vocabulary._BATCH", 2)
    sizes = []

    def standardize(captions):
        sizes.append(len(captions))
        return captions

    captions = ["b", "a a", "b b"]
    vocabulary = Vocabulary.build(captions, standardize=standardize)
    assert vocabulary.tokens[4:] == ("b", "a")
    assert sizes == [2, 1]


@pytest.mark.parametrize(
    ("captions", "options"),
    [
        ("a dog", {}),
        (["a dog", None], {}),
        ([], {}),
        (["!!!", "🐶"], {}),
        (["a dog"], {"min_count": 2}),
        (["a dog"], {"min_count": 0}),
        (["a dog"], {"max_size": 4}),
    ],
)
def test_build_refuses(captions, options):
    with pytest.raises(InputError):
        Vocabulary.build(captions, **options)


def test_save_and_load(tmp_path):
    vocabulary = Vocabulary(["a", "größe", "犬", "हिन्दी"])
    path = tmp_path / "new" / "vocabulary.txt"
    vocabulary.save(path)
    assert Vocabulary.load(path) == vocabulary
    assert (
        path.read_bytes() == "\n[UNK]\n[START]\n[END]\na\ngröße\n犬\nहिन्दी\n".encode()
    )
    assert [file.name for file in path.parent.iterdir()] == ["vocabulary.txt"]


def test_load_reads_windows_line_ends(tmp_path):
    path = tmp_path / "vocabulary.txt"
    path.write_bytes(b"\r\n[UNK]\r\n[START]\r\n[END]\r\na\r\n")
    assert Vocabulary.load(path) == Vocabulary(["a"])


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "vocabulary.txt"
    Vocabulary(["old"]).save(path)

    def full_disk(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        Vocabulary(["new"]).save(path)
    assert Vocabulary.load(path) == Vocabulary(["old"])
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"\n[UNK]\n[START]\n[END]\na\nb\na\n", "each token once"),
        (b"\n[UNK]\n[START]\n[END]\na\n\nb\n", "non-empty"),
        (b"\n[UNK]\n[START]\n[END]\na b\n", "white space"),
        (b"\n[UNK]\n[START]\n[END]\n\xff\xfe\n", "must be UTF-8"),
        (b"a\nb\n", "start with"),
        (b"", "start with"),
        (b"\n[UNK]\n[END]\n[START]\na\n", "start with"),
    ],
)
def test_load_names_the_broken_file(tmp_path, content, rule):
    path = tmp_path / "vocabulary.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rule) as caught:
        Vocabulary.load(path)
    assert str(path) in str(caught.value)


def test_load_names_the_missing_file(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(InputError, match="must be readable") as caught:
            Vocabulary.load(path)
        assert str(path) in str(caught.value)


def test_config_round_trip():
    vocabulary = Vocabulary(["a", "dog"])
    assert Vocabulary.from_config(vocabulary.get_config()) == vocabulary
    assert hash(Vocabulary(["a", "dog"])) == hash(vocabulary)
    assert vocabulary != Vocabulary(["dog", "a"])
    assert repr(vocabulary) == "<Vocabulary of 6 tokens>"


def test_vocabulary_needs_no_tensorflow():
    code = (
        "import sys; from keras_imgdesc.text import Vocabulary; "
        "Vocabulary.build(['a dog'], standardize=list); "
        "print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_characters_of_chinese_are_words_on_request():
    captions = ["一只狗", "一只猫在跑"]
    with pytest.warns(UserWarning, match='Chinese.*split="characters"'):
        assert "一只狗" in Vocabulary.build(captions)
    vocabulary = Vocabulary.build(captions, split="characters")
    assert set(vocabulary.tokens[4:]) == {*"一只狗猫在跑"}
    assert vocabulary == Vocabulary.build(
        captions, standardize=list, split="characters"
    )
