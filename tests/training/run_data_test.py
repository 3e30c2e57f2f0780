"""The data that a run was begun with."""

from dataclasses import replace

import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.run_data import DATA_FILE, RunData


def collection(*names: str, caption: str = "a cat", label: str = "cat"):
    return CaptionCollection(
        [
            CaptionedImage(n, None, (caption, f"{n} is here"), b"", {"name": label})
            for n in names
        ]
    )


@pytest.fixture
def begun(tmp_path):
    """Return a function that resumes a run which was begun with some data."""
    first = RunData(tmp_path, is_begun=False)
    first.match(label="name", train=collection("a", "b\udcff", "c"))
    first.match_words(vocabulary=["a", "cat"])
    return lambda: RunData(tmp_path, is_begun=True)


def test_the_same_data_keep_their_first_order(begun):
    changed = collection("c", "a", "b\udcff")
    changed.examples[0] = replace(
        changed[0], captions=changed[0].captions[::-1], extra={"name": "cat", "x": 1}
    )
    found = begun().match(label="name", train=changed)["train"]
    assert [e.image_id for e in found] == ["a", "b\udcff", "c"]
    assert found[2] is changed[0]
    begun().match_words(vocabulary=["a", "cat"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"names": "abcde"},
            "train_images_added='3 images: b, d, ...', train_images_r",
        ),
        ({"names": "a"}, "train_images_removed='2 images: .*, c'"),
        ({"caption": "a cet"}, "train_captions_changed='3 images: a, .*, ...'"),
        ({"label": "dog"}, "train_labels_changed='3 images"),
    ],
)
def test_other_data_are_refused_by_what_changed(begun, changes, message):
    names = changes.pop("names", ("a", "b\udcff", "c"))
    other = collection(*names, **changes)
    with pytest.raises(InputError, match=message):
        begun().match(label="name", train=other)
    # They were not kept.
    begun().match(label="name", train=collection("a", "b\udcff", "c"))


def test_other_words_are_refused(begun):
    with pytest.raises(InputError, match=r"vocabulary='not the same'"):
        begun().match_words(vocabulary=["cat", "a"])


def test_data_may_change_before_the_first_epoch_is_committed(tmp_path, begun):
    other = collection("d", "e")
    RunData(tmp_path, is_begun=False).match(label="name", train=other)
    with pytest.raises(InputError, match="train_images_added"):
        begun().match(label="name", train=collection("a", "b"))


def test_a_run_of_an_earlier_version_adopts_its_data(tmp_path):
    old = RunData(tmp_path, is_begun=True)
    old.match(train=collection("b", "a"))
    found = RunData(tmp_path, is_begun=True).match(train=collection("a", "b"))
    assert [e.image_id for e in found["train"]] == ["b", "a"]
    with pytest.raises(InputError, match="train_images_removed='1 image: a'"):
        RunData(tmp_path, is_begun=True).match(train=collection("b"))


def test_ids_that_are_not_unique_are_no_problem(tmp_path):
    for _ in range(2):
        data = RunData(tmp_path, is_begun=True)
        assert len(data.match(train=collection("a", "a", "b"))["train"]) == 3


@pytest.mark.parametrize(
    "content",
    ["[", "[]", '{"train": 3}', '{"train": {"a": ["b"]}}', '{"a": {"b": "cd"}}'],
)
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / DATA_FILE).write_text(content)
    with pytest.raises(InputError, match=DATA_FILE):
        RunData(tmp_path, is_begun=True)
