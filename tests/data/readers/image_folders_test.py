import pytest

from keras_imgdesc.data.readers import read_labelled_folders, read_unlabelled
from keras_imgdesc.errors import InputError


@pytest.fixture
def folder(tmp_path):
    for name in ("dog/a.jpg", "cat/a.jpg", "dog/b.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_the_class_is_the_caption_and_the_label(folder):
    examples = list(read_labelled_folders(folder))
    assert [e.image_id for e in examples] == ["cat/a.jpg", "dog/a.jpg", "dog/b.jpg"]
    assert [e.captions for e in examples] == [("cat",), ("dog",), ("dog",)]
    assert [e.extra["label"] for e in examples] == [0, 1, 1]
    assert [e.extra["name"] for e in examples] == ["cat", "dog", "dog"]
    assert examples[0].path == folder / "cat" / "a.jpg"


def test_images_without_labels_are_read_from_several_folders(folder):
    found = read_unlabelled([folder / "dog", folder / "cat"])
    assert [e.path.name for e in found] == ["a.jpg", "a.jpg", "b.jpg"]
    assert {e.captions for e in found} == {()}
    assert len({e.image_id for e in found}) == 3


def test_a_list_chooses_images(folder):
    names = folder / "list.txt"
    names.write_text("b.jpg\n\n")
    found = read_unlabelled([folder / "dog"], names)
    assert [e.path.name for e in found] == ["b.jpg"]
    names.write_text("b.jpg\nc.jpg\n")
    with pytest.raises(InputError, match=r"list\.txt.*c\.jpg.*count=1"):
        read_unlabelled([folder / "dog"], names)
