import re

import pytest

from keras_imgdesc.captioning.concepts.concept_table import (
    IMAGENET_TABLE,
    ConceptTable,
)
from keras_imgdesc.errors import InputError
from keras_imgdesc.text import Vocabulary


def test_the_table_has_a_noun_for_every_class_of_imagenet():
    table = ConceptTable.load()
    assert IMAGENET_TABLE.read_text(encoding="utf-8").startswith("# ")
    assert len(table.class_nouns) == 1000
    assert all(table.class_nouns)
    assert all(re.fullmatch("[a-z]+", noun) for noun in table.nouns)
    # Persian cat, Egyptian cat, espresso, zebra, pizza
    for index, noun in [(283, "cat"), (285, "cat"), (967, "coffee"), (340, "zebra")]:
        assert noun in table.class_nouns[index]


def test_nouns_that_a_vocabulary_lacks_are_left_out():
    table = ConceptTable([["cat"], ["stove", "kitchen"], ["zebra"]])
    vocabulary = Vocabulary(["a", "kitchen", "cat"])
    config = table.detector_config(vocabulary, threshold=0.1)
    assert config["noun_token_ids"] == [6, 5]
    assert config["class_nouns"] == [[0], [1], []]
    assert config["threshold"] == 0.1
    with pytest.raises(InputError, match="must have a noun of the table"):
        table.detector_config(Vocabulary(["dog"]))


@pytest.mark.parametrize("line", ["1\tcat\tcat", "0\tcat", "cat"])
def test_a_malformed_line_is_named(tmp_path, line):
    path = tmp_path / "nouns.tsv"
    path.write_text(f"# nouns\n{line}\n")
    with pytest.raises(InputError, match="Begin this line with 0") as caught:
        ConceptTable.load(path)
    assert caught.value.received["line"] == 2


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="nothing.tsv"):
        ConceptTable.load(tmp_path / "nothing.tsv")
