import json

import pytest

from keras_imgdesc.data import read_karpathy_json
from keras_imgdesc.errors import InputError


def image(letter: str, split: str = "train", **more: object) -> dict:
    sentences = [{"raw": f"A {letter} .", "tokens": ["a"], "sentid": ord(letter)}]
    return {
        "filename": f"{letter}.jpg",
        "split": split,
        "sentences": sentences,
        "imgid": ord(letter),
        **more,
    }


@pytest.fixture
def dataset(write):
    def write_images(*images: object):
        content = {"images": list(images), "dataset": "flickr8k"}
        return write("dataset.json", json.dumps(content))

    return write_images


def test_splits_select_images(photos, dataset):
    file = dataset(image("a"), image("b", "val"), image("c", "restval"))
    everything = read_karpathy_json(file, photos, on_problem="error")
    assert [e.extra["split"] for e in everything] == ["train", "val", "restval"]
    assert everything[0].captions == ("A a .",)
    assert everything[0].path == photos / "a.jpg"
    both = read_karpathy_json(file, photos, "train+restval", on_problem="error")
    assert [e.image_id for e in both] == ["a.jpg", "c.jpg"]
    with pytest.raises(InputError, match="restval, train, val"):
        read_karpathy_json(file, photos, split="test")


def test_images_of_coco_can_be_in_subfolders(photos, dataset):
    (photos / "train2014").mkdir()
    (photos / "train2014" / "d.jpg").touch()
    file = dataset(image("d", filepath="train2014"), image("a", filepath="val2014"))
    collection = read_karpathy_json(file, photos, on_problem="error")
    assert collection[0].path == photos / "train2014" / "d.jpg"
    assert collection[1].path == photos / "a.jpg"


def test_every_problem_is_counted_and_named(photos, dataset, problems_of):
    file = dataset(
        image("a"),
        image("a"),
        image("b", sentences=[{"raw": ""}, {"tokens": []}, {"raw": "A b ."}]),
        image("c", sentences=[]),
        image("d"),
        {"split": "train"},
        image("e", sentences="A e ."),
        image("f", filename="../a.jpg"),
        image("a", "val"),
        "nothing",
    )
    collection = read_karpathy_json(file, photos, "train")
    assert [e.image_id for e in collection] == ["a.jpg", "b.jpg"]
    assert problems_of(collection) == [
        ("duplicate caption", "dataset.json:images[1].sentences[0]"),
        ("empty caption", "dataset.json:images[2].sentences[0]"),
        ("malformed entry", "dataset.json:images[2].sentences[1]"),
        ("malformed entry", "dataset.json:images[5]"),
        ("malformed entry", "dataset.json:images[6]"),
        ("malformed entry", "../a.jpg"),
        ("image in several splits", "dataset.json:images[8]"),
        ("malformed entry", "dataset.json:images[9]"),
        ("image without captions", "c.jpg"),
        ("missing image", "d.jpg"),
    ]
    with pytest.raises(InputError, match=r"first problem: duplicate caption: dataset"):
        read_karpathy_json(file, photos, "train", on_problem="error")


@pytest.mark.parametrize(
    "content", ["", "{", '{"images": [', '["a"]', '{"pictures": []}', '{"images": 1}']
)
def test_other_files_are_refused(photos, write, content):
    with pytest.raises(InputError, match=r"JSON.*other\.json"):
        read_karpathy_json(write("other.json", content), photos)
