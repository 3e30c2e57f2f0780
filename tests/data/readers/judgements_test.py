import pytest

from keras_imgdesc.data.readers.judgements import JudgedCaption, read_judgements
from keras_imgdesc.errors import InputError

TOKENS = [
    "a.jpg#0\tA dog .",
    "b.jpg#1\tTwo cats .",
    "gone.jpg#0\tA hat .",
    "c.jpg#0\t ",
]
JUDGED = [
    "a.jpg\tb.jpg#1\t1\t1\t2",
    "a.jpg\ta.jpg#0\t4\t4\t4",
    "b.jpg\tgone.jpg#0\t1\t2\t1",
]


def test_captions_of_missing_images_can_be_judged(photos, write):
    found = read_judgements(write("j.txt", *JUDGED), write("t.txt", *TOKENS), photos)
    assert found.judged == [
        JudgedCaption(photos / "a.jpg", "Two cats .", (1, 1, 2), False),
        JudgedCaption(photos / "a.jpg", "A dog .", (4, 4, 4), True),
        JudgedCaption(photos / "b.jpg", "A hat .", (1, 2, 1), False),
    ]
    assert found.problems == []
    assert found.report() == "3 captions of 2 images, 9 ratings"


def test_windows_line_ends_and_blank_lines(photos, write):
    lines = [line.encode() + b"\r" for line in (JUDGED[0], "", *JUDGED[1:])]
    found = read_judgements(write("j.txt", *lines), write("t.txt", *TOKENS), photos)
    assert len(found.judged) == 3 and found.problems == []


def test_every_problem_is_counted_and_named(photos, write):
    lines = [
        *JUDGED,
        JUDGED[0],
        "a.jpg\tb.jpg#1",
        "a.jpg\tb.jpg#1\t1\tx\t2",
        "a.jpg\tb.jpg#1\tnan",
        b"a.jpg\tb.jpg\t1\t1\t\xe9",
        "../a.jpg\tb.jpg#1\t1\t1\t1",
        "a.jpg\tb.jpg#7\t1\t1\t1",
        "b.jpg\tc.jpg#0\t1\t1\t1",
        "lost.jpg\tb.jpg#1\t1\t1\t1",
    ]
    found = read_judgements(write("j.txt", *lines), write("t.txt", *TOKENS), photos)
    assert len(found.judged) == 3
    kinds = [(problem.kind, problem.name) for problem in found.problems]
    assert kinds == [
        ("duplicate caption", "j.txt:4"),
        *[("malformed entry", f"j.txt:{number}") for number in range(5, 10)],
        ("judgement without caption", "j.txt:10"),
        ("judgement without caption", "j.txt:11"),
        ("missing image", "lost.jpg"),
    ]
    assert "5 x malformed entry: j.txt:5, j.txt:6, j.txt:7, ..." in found.report()


def test_files_of_other_data_are_refused(photos, write, tmp_path):
    tokens = write("t.txt", *TOKENS)
    with pytest.raises(InputError, match="'malformed entry': 2"):
        read_judgements(write("j.txt", "image,caption", "a.jpg,dog"), tokens, photos)
    with pytest.raises(InputError, match="'missing image': 3"):
        read_judgements(write("j.txt", *JUDGED), tokens, tmp_path / "photos/..")
    with pytest.raises(InputError, match="must exist"):
        read_judgements(write("j.txt", *JUDGED), tokens, tmp_path / "nowhere")
    with pytest.raises(InputError, match="gone.txt"):
        read_judgements(tmp_path / "gone.txt", tokens, photos)
    with pytest.raises(InputError, match="file is empty"):
        read_judgements(write("j.txt", ""), tokens, photos)
