import pytest

from keras_imgdesc.data import read_captions_csv
from keras_imgdesc.errors import InputError

HEADER = "image,caption"


def test_flickr8k_of_kaggle(photos, write):
    table = write(
        "captions.txt",
        HEADER,
        "a.jpg,A dog .",
        'a.jpg,"A dog , running ."',
        'b.jpg,"A ""big"" dog ."',
        'c.jpg,A 5" dog .',
    )
    collection = read_captions_csv(table, photos, on_problem="error")
    assert [e.captions for e in collection] == [
        ("A dog .", "A dog , running ."),
        ('A "big" dog .',),
        ('A 5" dog .',),
    ]


def test_flickr30k_of_kaggle(photos, write, problems_of):
    table = write(
        "results.csv",
        "image_name| comment_number| comment",
        'a.jpg| 0| A "dog .',
        "a.jpg| 1| A dog , running .",
        "b.jpg| 4   A dog .",
        'b.jpg| 0| "A" dog | cat .',
        "b.jpg| 0| Again .",
        "b.jpg| 0| Again .",
        "b.jpg| 1| Again .",
        "c.jpg| 0| A dog .",
    )
    collection = read_captions_csv(table, photos)
    assert [e.captions for e in collection] == [
        ('A "dog .', "A dog , running ."),
        ('"A" dog | cat .', "Again .", "Again ."),
        ("A dog .",),
    ]
    assert problems_of(collection) == [
        ("malformed entry", "results.csv:4"),
        ("duplicate caption", "results.csv:7"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_columns_are_found_by_name(photos, write, delimiter):
    rows = [["Caption", "split", "Filename"], ["A dog .", "train", "a.jpg"]]
    rows += [[f"A {x} .", "train", f"{x}.jpg"] for x in "bc"]
    table = write("table.csv", *(delimiter.join(row) for row in rows))
    collection = read_captions_csv(table, photos, on_problem="error")
    assert collection.captions() == ["A dog .", "A b .", "A c ."]


def test_a_caption_of_several_lines(photos, write):
    table = write(
        "t.csv", HEADER, 'a.jpg,"A dog', 'runs ."', "b.jpg,A cat .", "c.jpg,One ."
    )
    collection = read_captions_csv(table, photos, on_problem="error")
    assert collection[0].captions == ("A dog\nruns .",)
    assert len(collection) == 3


def test_an_unclosed_quote_affects_one_line_only(photos, write, problems_of):
    table = write(
        "t.csv",
        HEADER,
        "a.jpg,A dog .",
        'a.jpg,"A dog',
        "b.jpg,A cat .",
        'c.jpg,"A cow, a hen ."',
        'c.jpg,"Two',
    )
    collection = read_captions_csv(table, photos)
    assert collection.captions() == ["A dog .", "A cat .", "A cow, a hen ."]
    assert problems_of(collection) == [
        ("malformed entry", "t.csv:3"),
        ("malformed entry", "t.csv:6"),
    ]


def test_every_problem_is_counted_and_named(photos, write, problems_of):
    (photos / "silent.jpg").touch()
    table = write(
        "t.csv",
        HEADER,
        "a.jpg,A dog .",
        "b.jpg,A cat, unquoted .",
        "c.jpg,A hen .",
        "",
        "a.jpg,A dog .",
        "a.jpg,",
        "a.jpg",
        b"a.jpg,caf\xe9",
        "gone.jpg,Gone .",
    )
    collection = read_captions_csv(table, photos)
    assert collection.captions() == ["A dog .", "A cat, unquoted .", "A hen ."]
    assert problems_of(collection) == [
        ("duplicate caption", "t.csv:6"),
        ("empty caption", "t.csv:7"),
        ("malformed entry", "t.csv:8"),
        ("not UTF-8", "t.csv:9"),
        ("image without captions", "silent.jpg"),
        ("missing image", "gone.jpg"),
    ]
    with pytest.raises(InputError, match=r"duplicate caption: t\.csv:6"):
        read_captions_csv(table, photos, on_problem="error")


def test_an_image_list_selects_images(photos, write):
    table = write("t.csv", HEADER, *(f"{x}.jpg,A {x} ." for x in "abc"))
    chosen = write("list.txt", "c.jpg", "b.jpg")
    collection = read_captions_csv(table, photos, chosen, on_problem="error")
    assert collection.captions() == ["A c .", "A b ."]


@pytest.mark.parametrize("first_line", ["", "a.jpg,A dog .", "image,label"])
def test_the_first_line_must_name_the_columns(photos, write, first_line):
    table = write("t.csv", first_line, "a.jpg,A dog .")
    with pytest.raises(InputError, match=r"must name an image and a caption.*t\.csv"):
        read_captions_csv(table, photos)


def test_unicode_separators_do_not_end_a_line(photos, write):
    table = write("t.csv", HEADER, *(f"{x}.jpg,A\u2028dog\x0c ." for x in "abc"))
    collection = read_captions_csv(table, photos, on_problem="error")
    assert collection[0].captions == ("A\u2028dog\x0c .",)
