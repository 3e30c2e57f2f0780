import json

import pytest

from keras_imgdesc.data import read_coco_captions
from keras_imgdesc.errors import InputError

IMAGES = [{"id": n, "file_name": f"{x}.jpg"} for n, x in enumerate("abc", start=7)]
ANNOTATIONS = [
    {"id": n, "image_id": 7 + n % 3, "caption": f"Caption {n}."} for n in range(6)
]


@pytest.fixture
def coco(write):
    def write_content(images: list, annotations: list):
        content = {"info": {}, "images": images, "annotations": annotations}
        return write("captions.json", json.dumps(content))

    return write_content


def test_a_complete_file(photos, coco):
    collection = read_coco_captions(coco(IMAGES, ANNOTATIONS), photos, "error")
    assert [e.image_id for e in collection] == ["7", "8", "9"]
    assert collection[0].path == photos / "a.jpg"
    assert collection[0].captions == ("Caption 0.", "Caption 3.")


def test_a_missing_file_is_not_called_invalid_json(photos, tmp_path):
    with pytest.raises(InputError, match="cannot be read") as caught:
        read_coco_captions(tmp_path / "nowhere.json", photos)
    assert "JSON" not in str(caught.value)


def test_every_problem_is_counted_and_named(photos, coco, problems_of):
    images = [
        *IMAGES,
        IMAGES[0],
        {"id": 10, "file_name": "gone.jpg"},
        {"id": 11, "file_name": "/etc/passwd"},
        {"id": 14, "file_name": "train/" + "c" * 5000 + ".jpg"},
        {"file_name": "c.jpg"},
        {"id": 12},
        {"id": 13, "file_name": "d.jpg"},
    ]
    (photos / "d.jpg").touch()
    annotations = [
        *ANNOTATIONS,
        {"id": 0, "image_id": 7, "caption": "Caption 0. "},
        {"id": 20, "image_id": 99, "caption": "Of nothing."},
        {"id": 21, "image_id": 7, "caption": " \n"},
        {"id": 22, "image_id": 7},
        {"id": 23, "caption": "Of nothing."},
        {"id": 24, "image_id": 10, "caption": "Gone."},
        None,
    ]
    collection = read_coco_captions(coco(images, annotations), photos)
    assert len(collection) == 3
    assert len(collection.captions()) == 6
    assert problems_of(collection) == [
        ("duplicate image", "7"),
        ("malformed entry", "11"),
        ("malformed entry", "captions.json:images[7]"),
        ("malformed entry", "captions.json:images[8]"),
        ("duplicate caption", "captions.json:annotations[6]"),
        ("caption without image", "captions.json:annotations[7]"),
        ("empty caption", "captions.json:annotations[8]"),
        ("malformed entry", "captions.json:annotations[9]"),
        ("malformed entry", "captions.json:annotations[10]"),
        ("malformed entry", "captions.json:annotations[12]"),
        ("missing image", "10"),
        ("missing image", "14"),
        ("image without captions", "13"),
    ]
    with pytest.raises(InputError, match="first problem: duplicate image: 7"):
        read_coco_captions(coco(images, annotations), photos, on_problem="error")


def test_captions_of_an_id_with_several_images_are_left_out(photos, coco, problems_of):
    images = [*IMAGES[:2], {"id": 7, "file_name": "c.jpg"}]
    collection = read_coco_captions(coco(images, ANNOTATIONS[:2]), photos)
    assert [e.image_id for e in collection] == ["8"]
    assert problems_of(collection) == [
        ("duplicate image", "7"),
        ("caption without image", "captions.json:annotations[0]"),
        ("image without captions", "7"),
    ]


def test_an_image_with_several_ids_has_the_captions_of_all(photos, coco):
    images = [*IMAGES, {"id": 10, "file_name": "a.jpg"}]
    annotations = [*ANNOTATIONS, {"id": 0, "image_id": 10, "caption": "One more."}]
    collection = read_coco_captions(coco(images, annotations), photos, "error")
    assert collection[0].captions == ("Caption 0.", "Caption 3.", "One more.")
    assert len(collection) == 3


def test_bytes_that_are_not_utf8_affect_their_caption_only(photos, coco, problems_of):
    file = coco(IMAGES, ANNOTATIONS)
    file.write_bytes(file.read_bytes().replace(b"Caption 4.", b"Caf\xe9 4."))
    collection = read_coco_captions(file, photos)
    assert collection[1].captions == ("Caption 1.",)
    assert problems_of(collection) == [("not UTF-8", "captions.json:annotations[4]")]


def test_files_of_instances_are_refused(photos, coco, write):
    instances = [{"id": 1, "image_id": 7, "bbox": [0, 0, 1, 1]}]
    with pytest.raises(InputError, match=r"malformed entry: .*annotations\[0\]"):
        read_coco_captions(coco(IMAGES, instances), photos)
    with pytest.raises(InputError, match="a list 'annotations'"):
        read_coco_captions(write("o.json", '{"images": []}'), photos)
