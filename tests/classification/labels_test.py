import pytest

from keras_imgdesc.classification import Labels
from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import imagenet_labels


def test_a_class_is_found_by_its_name_or_a_synonym_of_its_own():
    labels = Labels(["tabby, tabby cat", "cat", "missile", "projectile, missile"])
    assert labels.id_of("tabby, tabby cat") == labels.id_of("tabby cat") == 0
    assert labels.id_of("cat") == 1
    # A name comes before a synonym.
    assert labels.id_of("missile") == 2 and labels.id_of("projectile") == 3
    with pytest.raises(InputError, match="'dog'.*tabby"):
        labels.id_of("dog")
    shared = Labels(["tree, plant", "factory, plant"])
    with pytest.raises(InputError, match="'plant'"):
        shared.id_of("plant")


def test_saving_keeps_names_and_order(tmp_path):
    labels = Labels(imagenet_labels())
    labels.save(tmp_path / "labels.txt")
    assert Labels.load(tmp_path / "labels.txt") == labels
    assert (tmp_path / "labels.txt").read_text("utf-8").count("\n") == 1000


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "must be a class"),
        (["a", ""], "one line.*index=1"),
        (["a", " b"], "blanks.*' b'"),
        (["a\nb"], "one line"),
        (["a", "b", "a"], "of its own.*'a'"),
    ],
)
def test_names_that_cannot_be_saved_are_refused(names, message, tmp_path):
    with pytest.raises(InputError, match=message):
        Labels(names)


def test_a_broken_file_is_named(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_text("cat\ncat\n")
    with pytest.raises(InputError, match=r"of its own.*labels\.txt"):
        Labels.load(path)
    path.write_bytes(b"\xff\n")
    with pytest.raises(InputError, match=r"UTF-8.*labels\.txt"):
        Labels.load(path)
    with pytest.raises(InputError, match=r"nowhere\.txt"):
        Labels.load(tmp_path / "nowhere.txt")
