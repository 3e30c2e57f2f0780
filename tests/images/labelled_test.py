import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.images import find_labelled_images, list_labelled_images


@pytest.fixture
def folder(tmp_path):
    for name in ("dog/b.jpg", "dog/puppies/a.png", "cat/c.jpg", ".cache/x.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "README.md").touch()
    return tmp_path


def test_images_are_found_by_class(folder):
    found = list_labelled_images(str(folder))
    assert [(p.relative_to(folder).as_posix(), label) for p, label in found] == [
        ("cat/c.jpg", "cat"),
        ("dog/b.jpg", "dog"),
        ("dog/puppies/a.png", "dog"),
    ]


def test_an_empty_class_is_refused_by_its_name(folder):
    (folder / "bird").mkdir()
    (folder / "bird" / "notes.txt").touch()
    with pytest.raises(InputError, match="must have images.*bird"):
        list_labelled_images(folder)


def test_what_is_passed_over_is_returned(folder):
    (folder / "cat" / "a.heic").touch()
    found, passed_over = find_labelled_images(folder)
    assert found == list_labelled_images(folder)
    assert passed_over == [folder / "cat" / "a.heic"]


def test_an_image_outside_of_any_class_is_refused(folder):
    (folder / "stray.JPG").touch()
    with pytest.raises(InputError, match=r"folder of its class.*stray\.JPG"):
        list_labelled_images(folder)


def test_a_folder_without_classes_is_refused(tmp_path):
    with pytest.raises(InputError, match="one folder per class"):
        list_labelled_images(tmp_path)
    with pytest.raises(InputError, match="nowhere"):
        list_labelled_images(tmp_path / "nowhere")
