import json

import pytest

from keras_imgdesc.data import read_captions_jsonl
from keras_imgdesc.errors import InputError


def test_metadata_of_hugging_face(photos, write):
    (photos / "train").mkdir()
    (photos / "train" / "d.jpg").touch()
    file = write(
        "metadata.jsonl",
        '{"file_name": "a.jpg", "text": "A dog ."}',
        "",
        '{"file_name": "./b.jpg", "text": "Caf\\u00e9 .", "label": 3}',
        '{"file_name": "c.jpg", "caption_1": "A cat .", "caption_2": "It sits ."}',
        '{"File_Name": "train/d.jpg", "captions": [{"raw": "A hen ."}, "It eats ."]}',
    )
    collection = read_captions_jsonl(file, photos, on_problem="error")
    assert [(e.image_id, e.captions) for e in collection] == [
        ("a.jpg", ("A dog .",)),
        ("b.jpg", ("Café .",)),
        ("c.jpg", ("A cat .", "It sits .")),
        ("train/d.jpg", ("A hen .", "It eats .")),
    ]
    assert collection[3].path == photos / "train" / "d.jpg"


def test_every_problem_is_counted_and_named(photos, write, problems_of):
    (photos / "silent.jpg").touch()
    file = write(
        "m.jsonl",
        *(json.dumps({"image": f"{x}.jpg", "caption": f"A {x} ."}) for x in "abc"),
        '{"image": "a.jpg", "caption": "A a ."}',
        '{"image": "a.jpg", "capt',
        '{"image": "a.jpg"}',
        '{"image": 7, "caption": "A dog ."}',
        '["a.jpg", "A dog ."]',
        '{"image": "a.jpg", "caption": null}',
        '{"image": "a.jpg", "captions": ["", 7]}',
        '{"image": "a.jpg", "caption": "\\ud800"}',
        b'{"image": "a.jpg", "caption": "caf\xe9"}',
        '{"image": "../a.jpg", "caption": "A dog ."}',
        '{"image": "gone.jpg", "caption": "Gone ."}',
        '{"image": "a.jpg", "caption": "[\\"A dog .\\", \\"A c"}',
    )
    collection = read_captions_jsonl(file, photos)
    assert collection.captions() == ["A a .", "A b .", "A c ."]
    assert problems_of(collection) == [
        ("duplicate caption", "m.jsonl:4"),
        *(("malformed entry", f"m.jsonl:{line}") for line in range(5, 10)),
        ("empty caption", "m.jsonl:10"),
        ("malformed entry", "m.jsonl:10"),
        ("not UTF-8", "m.jsonl:11"),
        ("not UTF-8", "m.jsonl:12"),
        ("malformed entry", "../a.jpg"),
        ("malformed entry", "m.jsonl:15"),
        ("image without captions", "silent.jpg"),
        ("missing image", "gone.jpg"),
    ]
    with pytest.raises(InputError, match=r"duplicate caption: m\.jsonl:4"):
        read_captions_jsonl(file, photos, on_problem="error")


def test_images_of_other_splits_are_not_without_captions(photos, write):
    file = write(
        "m.jsonl",
        *(
            json.dumps({"image": f"{x}.jpg", "caption": f"A {x} .", "split": split})
            for x, split in zip("abc", ("train", "dev", "train"), strict=True)
        ),
    )
    collection = read_captions_jsonl(file, photos, split="val", on_problem="error")
    assert collection.captions() == ["A b ."]
