import json

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.data.flowers import read_flowers
from keras_imgdesc.errors import InputError

ROWS = """image,label,name,official_split
a.png,73,water lily,train
b.png,46,wallflower,test
c.png,46,wallflower,valid
d.png,12,colt's foot,test
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "jpg").mkdir()
    for name, colour in zip(
        "abcd",
        [(240, 240, 240), (200, 20, 20), (245, 130, 20), (240, 215, 20)],
        strict=True,
    ):
        pixels = np.full((30, 50, 3), (40, 110, 30), np.uint8)
        pixels[5:25, 15:35] = colour
        Image.fromarray(pixels).save(tmp_path / "jpg" / f"{name}.png")
    (tmp_path / "labels.csv").write_text(ROWS)
    return tmp_path


def test_images_are_cropped_and_captions_are_derived(folder):
    flowers = read_flowers(folder, "test")
    assert [e.image_id for e in flowers] == ["b.png", "d.png"]
    first, second = flowers
    assert first.image.shape == (30, 30, 3) and first.image.dtype == np.uint8
    # The central 30 of 50 columns start at 10.
    assert tuple(first.image[15, 4]) == (40, 110, 30)
    assert tuple(first.image[15, 5]) == (200, 20, 20)
    assert first.extra == {
        "label": 46,
        "name": "wallflower",
        "colours": ("red",),
        "text": "derived",
    }
    assert first.captions[0] == "a red wallflower" and len(first.captions) >= 5
    assert second.captions[0] == "a yellow colt's foot"


def test_splits_can_be_joined_and_limited(folder):
    def ids(*arguments, **options):
        flowers = read_flowers(folder, *arguments, **options)
        return "".join(e.image_id[0] for e in flowers)

    assert ids() == "a"
    assert ids("validation") == ids("valid") == "c"
    assert ids("train+test") == "abd"
    assert ids("all") == "abcd"
    assert ids("all", limit=2) == "ab"
    assert read_flowers(folder, image_size=16)[0].image.shape == (16, 16, 3)


def test_captions_are_the_same_each_time(folder):
    assert read_flowers(folder, "all").captions() == (
        read_flowers(folder, "all").captions()
    )


def test_names_can_be_in_a_file_of_their_own(folder):
    lines = ["image,label,official_split", "a.png,73,train"]
    (folder / "labels.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match="cat_to_name"):
        read_flowers(folder)
    (folder / "cat_to_name.json").write_text(json.dumps({"73": "water lily"}))
    assert read_flowers(folder)[0].extra["name"] == "water lily"
    (folder / "cat_to_name.json").write_text("{")
    with pytest.raises(InputError, match="JSON"):
        read_flowers(folder)


def test_damaged_tables_are_a_named_problem(folder):
    (folder / "labels.csv").write_text(
        ROWS + f'e.png,{"1" * 5000},rose,train\n"' + "x" * 200_000
    )
    flowers = read_flowers(folder, "all")
    assert [p.kind for p in flowers.problems] == ["malformed entry"] * 2
    assert "field larger" in str(
        flowers.problems[0].detail + flowers.problems[1].detail
    )
    (folder / "labels.csv").write_text(ROWS.replace("name", "title"))
    (folder / "cat_to_name.json").write_text("[1]")
    with pytest.raises(InputError, match="malformed entry: labels.csv"):
        read_flowers(folder, "all")


def test_a_problem_affects_one_image_only(folder):
    (folder / "jpg" / "a.png").write_bytes(b"not an image")
    more = ROWS + "e.png,1,rose,train\nf.png,x,rose,train\nb.png,1,rose,holidays\n"
    (folder / "labels.csv").write_text(more)
    flowers = read_flowers(folder, "all")
    assert "".join(e.image_id[0] for e in flowers) == "bcd"
    assert flowers.problem_counts() == {
        "malformed entry": 2,
        "missing image": 1,
        "broken image": 1,
    }
    with pytest.raises(InputError, match="on_problem='error'"):
        read_flowers(folder, "all", on_problem="error")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "training"}, "training"),
        ({"split": ""}, "split=''"),
        ({"limit": 0}, "limit=0"),
        ({"image_size": 0}, "image_size"),
    ],
)
def test_wrong_options_are_refused(folder, options, message):
    with pytest.raises(InputError, match=message):
        read_flowers(folder, **options)


def test_a_folder_without_flowers_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match=r"labels\.csv"):
        read_flowers(tmp_path / "jpg")
    (folder / "labels.csv").write_text("picture,label\n")
    with pytest.raises(InputError, match="columns"):
        read_flowers(folder)


def test_captions_do_not_depend_on_the_size(folder):
    # A small image would mix the stripes of two colours to a third colour.
    stripes = np.full((320, 320, 3), (200, 20, 20), np.uint8)
    stripes[:, np.arange(320) // 20 % 2 == 0] = (240, 215, 20)
    Image.fromarray(stripes).save(folder / "jpg" / "b.png")
    large, small = (read_flowers(folder, "test", size) for size in (None, 8))
    assert small[0].image.shape == (8, 8, 3)
    assert small.captions() == large.captions()
