import pytest

from keras_imgdesc.data import read_flickr_tokens
from keras_imgdesc.errors import InputError

LINES = [f"{x}.jpg#{n}\tA {x} number {n} ." for x in "abc" for n in range(2)]


def test_a_complete_file(photos, write):
    collection = read_flickr_tokens(write("t.txt", *LINES), photos, on_problem="error")
    assert [e.image_id for e in collection] == ["a.jpg", "b.jpg", "c.jpg"]
    assert collection[1].path == photos / "b.jpg"
    assert collection[1].captions == ("A b number 0 .", "A b number 1 .")
    assert collection.problems == []


def test_a_number_may_have_any_length(photos, write):
    file = write("t.txt", *LINES, f"c.jpg#{'1' * 5000}\tA cat .")
    collection = read_flickr_tokens(file, photos, on_problem="error")
    assert collection.captions()[-1] == "A cat ."


def test_byte_order_mark_windows_line_ends_and_blank_lines(photos, write):
    lines = [b"\xef\xbb\xbf" + LINES[0].encode(), *LINES[1:4], "", *LINES[4:]]
    file = write(
        "t.txt",
        *(line.encode() + b"\r" if isinstance(line, str) else line for line in lines),
    )
    plain = read_flickr_tokens(write("u.txt", *LINES), photos)
    collection = read_flickr_tokens(file, photos, on_problem="error")
    assert collection.captions() == plain.captions()


@pytest.mark.parametrize("names", [("c.jpg", "a.jpg"), ("c", "a")])
def test_an_image_list_selects_and_orders_images(photos, write, names):
    chosen = write("list.txt", *names)
    collection = read_flickr_tokens(
        write("t.txt", *LINES), photos, image_list=chosen, on_problem="error"
    )
    assert [e.image_id for e in collection] == ["c.jpg", "a.jpg"]
    assert len(collection.captions()) == 4


def test_an_image_list_with_problems(photos, write, problems_of):
    tokens = write("t.txt", *LINES, "gone.jpg#0\tGone .", "gone.jpg#1\tAway .")
    (photos / "silent.jpg").touch()
    chosen = write("list.txt", "a.jpg", "silent.jpg", "d.jpg", "a.jpg")
    collection = read_flickr_tokens(tokens, photos, chosen)
    assert [e.image_id for e in collection] == ["a.jpg"]
    assert problems_of(collection) == [
        ("duplicate image", "a.jpg"),
        ("caption without image", "gone.jpg"),
        ("image without captions", "silent.jpg"),
        ("missing image", "d.jpg"),
    ]


def test_every_problem_is_counted_and_named(photos, write, problems_of):
    (photos / "silent.jpg").touch()
    (photos / "notes.txt").touch()
    tokens = write(
        "t.txt",
        *LINES,
        LINES[1],
        b"b.jpg#2\tA caf\xe9 .",
        "c.jpg#2\t ",
        "c.jpg#3\t .",
        "c.jpg A cat .",
        "c.jpg\tA cat .",
        "gone.jpg#0\tGone .",
        "../photos/a.jpg#0\tElsewhere .",
        b"caf\xe9.jpg#0\tA photo .",
    )
    collection = read_flickr_tokens(tokens, photos)
    assert len(collection.captions()) == len(LINES)
    assert problems_of(collection) == [
        ("duplicate caption", "t.txt:7"),
        ("not UTF-8", "t.txt:8"),
        ("empty caption", "t.txt:9"),
        ("empty caption", "t.txt:10"),
        ("malformed entry", "t.txt:11"),
        ("malformed entry", "t.txt:12"),
        ("malformed entry", "../photos/a.jpg"),
        ("not UTF-8", "caf?.jpg"),
        ("image without captions", "silent.jpg"),
        ("missing image", "gone.jpg"),
    ]
    assert "2 x not UTF-8: t.txt:8, caf?.jpg" in collection.report()


@pytest.mark.parametrize(
    "line", [LINES[0], b"a.jpg#9\t\xff", "nonsense", "gone.jpg#0\tGone ."]
)
def test_problems_can_raise(photos, write, line):
    tokens = write("t.txt", *LINES, line)
    with pytest.raises(InputError, match=r"first problem: .*(t\.txt:7|gone\.jpg)"):
        read_flickr_tokens(tokens, photos, on_problem="error")


def test_an_image_without_a_valid_caption_is_omitted(photos, write, problems_of):
    tokens = write("t.txt", *LINES[:4], "c.jpg#0\t")
    collection = read_flickr_tokens(tokens, photos)
    assert [e.image_id for e in collection] == ["a.jpg", "b.jpg"]
    assert ("image without captions", "c.jpg") in problems_of(collection)


def test_missing_files(photos, write, tmp_path):
    tokens = write("t.txt", *LINES)
    with pytest.raises(InputError, match=r"cannot be read.*none\.txt"):
        read_flickr_tokens(tmp_path / "none.txt", photos)
    with pytest.raises(InputError, match=r"cannot be read.*none\.txt"):
        read_flickr_tokens(tokens, photos, tmp_path / "none.txt")
    with pytest.raises(InputError, match="folder of the images must exist"):
        read_flickr_tokens(tokens, tmp_path / "none")
    with pytest.raises(InputError, match="'skip' or 'error'"):
        read_flickr_tokens(tokens, photos, on_problem="ignore")


def test_a_folder_without_the_images_is_refused(write, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"No image has both.*missing image: a\.jpg"):
        read_flickr_tokens(write("t.txt", *LINES), tmp_path / "empty")
