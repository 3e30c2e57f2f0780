import pytest

from keras_imgdesc.data import read_caption_folder, read_captions
from keras_imgdesc.errors import InputError


@pytest.fixture
def folder(photos):
    (photos / "a.txt").write_text("A dog .\n\nIt runs .\n")
    (photos / "b.caption").write_text("A cat .")
    (photos / "c.jpg.txt").write_text("A hen .")
    (photos / "more").mkdir()
    (photos / "more" / "a.PNG").touch()
    (photos / "more" / "a.txt").write_text("A cow .")
    return photos


CAPTIONS = {
    "a.jpg": ("A dog .", "It runs ."),
    "b.jpg": ("A cat .",),
    "c.jpg": ("A hen .",),
    "more/a.PNG": ("A cow .",),
}


def test_a_text_beside_each_image(folder):
    (folder / "backup.tar").touch()
    collection = read_captions(folder, folder, on_problem="error")
    assert {e.image_id: e.captions for e in collection} == CAPTIONS
    assert collection[3].path == folder / "more" / "a.PNG"


def test_texts_may_be_in_another_folder_and_read_alone(folder, tmp_path):
    texts = tmp_path / "texts"
    for path in sorted(folder.rglob("*.[tc][xa]*")):
        target = texts / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    collection = read_caption_folder(texts, folder, on_problem="error")
    assert {e.image_id: e.captions for e in collection} == CAPTIONS
    alone = read_caption_folder(texts, None, on_problem="error")
    assert alone.captions() == collection.captions()


def test_a_list_chooses_images(folder, write):
    chosen = write("list.txt", "more/a.PNG", "a")
    collection = read_captions(folder, folder, image_list=chosen, on_problem="error")
    assert [e.image_id for e in collection] == ["more/a.PNG", "a.jpg"]


def test_every_problem_is_counted_and_named(folder, problems_of):
    (folder / "a.txt").write_bytes(b"A dog .\nA dog .\ncaf\xe9\n.\n")
    (folder / "b.caption").write_text(" \n")
    (folder / "c.jpg.txt").unlink()
    (folder / "README.txt").write_text("About these photos.")
    (folder / ".hidden.txt").write_text("Hidden.")
    collection = read_caption_folder(folder, folder)
    assert collection.captions() == ["A dog .", "A cow ."]
    assert problems_of(collection) == [
        ("caption without image", "README.txt"),
        ("duplicate caption", "a.txt:2"),
        ("not UTF-8", "a.txt:3"),
        ("empty caption", "a.txt:4"),
        ("empty caption", "b.caption"),
        ("image without captions", "b.jpg"),
        ("image without captions", "c.jpg"),
    ]
    with pytest.raises(InputError, match=r"caption without image: README\.txt"):
        read_caption_folder(folder, folder, on_problem="error")
    with pytest.raises(InputError, match=r"must exist.*nowhere"):
        read_caption_folder(folder / "nowhere", folder)
