import json

import pytest

from keras_imgdesc.data import read_captions
from keras_imgdesc.data.readers.any_format import find_format
from keras_imgdesc.errors import InputError

CAPTIONS = {f"{x}.jpg": [f"A {x} .", f"The {x} ."] for x in "abc"}
PAIRS = [(name, text) for name, texts in CAPTIONS.items() for text in texts]
FILES = {
    "flickr_tokens": "\n".join(
        f"{name}#{number}\t{text}"
        for name, texts in CAPTIONS.items()
        for number, text in enumerate(texts)
    ),
    "csv": "\n".join(["image,caption", *(",".join(pair) for pair in PAIRS)]),
    "karpathy_json": json.dumps(
        {
            "images": [
                {
                    "filename": name,
                    "split": "train",
                    "sentences": [{"raw": text} for text in texts],
                }
                for name, texts in CAPTIONS.items()
            ]
        }
    ),
    "coco_json": json.dumps(
        {
            "images": [{"id": name, "file_name": name} for name in CAPTIONS],
            "annotations": [
                {"id": number, "image_id": name, "caption": text}
                for number, (name, text) in enumerate(PAIRS)
            ],
        }
    ),
}


@pytest.mark.parametrize("file_format", FILES)
def test_every_format_gives_the_same_collection(photos, write, file_format):
    # The name of the file does not tell the format.
    file = write("captions.txt", FILES[file_format])
    assert find_format(file) == file_format
    collection = read_captions(file, photos, on_problem="error")
    assert [(e.image_id, list(e.captions)) for e in collection] == list(
        CAPTIONS.items()
    )
    assert [e.path for e in collection] == [photos / name for name in CAPTIONS]


@pytest.mark.parametrize("file_format", FILES)
def test_a_missing_image_is_a_problem_in_every_format(photos, write, file_format):
    (photos / "b.jpg").unlink()
    file = write("captions.txt", FILES[file_format])
    assert read_captions(file, photos).problem_counts() == {"missing image": 1}
    with pytest.raises(InputError, match=r"missing image: b\.jpg"):
        read_captions(file, photos, on_problem="error")


@pytest.mark.parametrize("file_format", ["flickr_tokens", "csv"])
def test_image_lists_and_splits_are_for_some_formats_only(photos, write, file_format):
    file, chosen = write("captions.txt", FILES[file_format]), write("list.txt", "b.jpg")
    assert len(read_captions(file, photos, image_list=chosen)) == 1
    with pytest.raises(InputError, match="`split` is for Karpathy"):
        read_captions(file, photos, split="train")
    other = write("captions.json", FILES["karpathy_json"])
    assert len(read_captions(other, photos, split="train")) == 3
    with pytest.raises(InputError, match="`image_list` is for token files"):
        read_captions(other, photos, image_list=chosen)


def test_damaged_first_lines_do_not_hide_the_format(photos, write):
    file = write("captions.txt", b"\xff\xfe damaged", FILES["flickr_tokens"])
    assert len(read_captions(file, photos)) == 3


@pytest.mark.parametrize(
    "content", [b"", b"A dog .", b"[1]", b"{}", b"\x89PNG\r\n\x1a"]
)
def test_unknown_formats_are_refused(photos, write, content):
    with pytest.raises(InputError, match=r"known format.*other\.txt"):
        read_captions(write("other.txt", content), photos)


@pytest.mark.parametrize("file_format", FILES)
def test_captions_can_be_read_without_the_images(photos, write, file_format):
    file = write("captions.txt", FILES[file_format])
    collection = read_captions(file, None, on_problem="error")
    assert [(e.image_id, list(e.captions)) for e in collection] == list(
        CAPTIONS.items()
    )
    assert [str(e.path) for e in collection] == list(CAPTIONS)


def test_a_list_chooses_captions_without_the_images(photos, write):
    chosen = write("list.txt", "b.jpg", "gone.jpg")
    for file_format in ("flickr_tokens", "csv"):
        file = write("captions.txt", FILES[file_format])
        collection = read_captions(file, None, image_list=chosen)
        assert [e.image_id for e in collection] == ["b.jpg"]
        assert collection.problem_counts() == {"image without captions": 1}
