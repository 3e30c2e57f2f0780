"""The files that `describe` writes captions into."""

import csv
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.caption import Caption
from keras_imgdesc.cli.caption_files import CaptionFileOptions, CaptionFiles
from keras_imgdesc.cli.caption_table import CaptionTable
from keras_imgdesc.data import read_captions_csv
from keras_imgdesc.errors import InputError
from keras_imgdesc.images import list_images


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    generator = np.random.default_rng(0)
    for name in ("a.jpg", "b.png", "deep/a.jpg"):
        pixels = generator.integers(0, 256, (40, 50, 3), np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return folder


def caption_of(path) -> Caption:
    text = f"a photo of {path.parent.name} {path.stem}"
    return Caption(text, -1.23456, np.zeros(1), np.zeros(1))


def write(limit=None, **options):
    """Caption `photos`, as `describe` does, up to a number of images."""
    defaults = {"sidecar": None, "xmp": None, "csv": None}
    defaults |= {"skip_existing": False, "overwrite": False}
    chosen = CaptionFileOptions(**defaults | options)
    files = CaptionFiles(chosen, list_images("photos"), "toy")
    failed = []
    for path in files.todo[:limit]:
        failed += files.write(path, caption_of(path))
    return [str(path) for path in files.todo], failed


def test_a_text_file_is_written_beside_each_image(photos):
    todo, failed = write(sidecar="txt")
    assert todo == ["photos/a.jpg", "photos/b.png", "photos/deep/a.jpg"]
    assert not failed and len(list(photos.rglob("*.txt"))) == 3
    assert (photos / "deep/a.txt").read_text("utf-8") == "a photo of deep a\n"


def test_json_files_name_image_caption_score_and_preset(photos):
    write(sidecar="json")
    row = json.loads((photos / "deep/a.json").read_text("utf-8"))
    expected = {"image": "a.jpg", "caption": "a photo of deep a"}
    assert row == expected | {"log_prob": -1.2346, "preset": "toy"}


@pytest.mark.parametrize("kind", ["sidecar", "csv"])
def test_a_file_that_exists_is_kept_unless_told(photos, tmp_path, kind):
    mine = photos / "b.txt" if kind == "sidecar" else tmp_path / "out.csv"
    option = {"sidecar": "txt"} if kind == "sidecar" else {"csv": mine}
    mine.write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=f"existing=1.*{mine.name}.*--overwrite"):
        write(**option)
    assert mine.read_text() == "mine" and sorted(tmp_path.rglob("*")) == before
    todo, failed = write(**option, overwrite=True)
    assert len(todo) == 3 and not failed and "mine" not in mine.read_text()


def test_a_stopped_folder_goes_on(photos):
    (photos / "b.txt").write_text("mine")
    write(sidecar="txt", skip_existing=True, limit=1)
    assert write(sidecar="txt", skip_existing=True) == (["photos/deep/a.jpg"], [])
    assert (photos / "b.txt").read_text() == "mine"
    assert write(sidecar="txt", skip_existing=True)[0] == []
    # What only some of the files have is added to the others.
    assert len(write(sidecar="txt", csv=photos / "t.csv", skip_existing=True)[0]) == 3
    assert (photos / "b.txt").read_text() == "mine"


def test_a_table_goes_on_after_its_last_whole_row(photos, tmp_path):
    table = tmp_path / "out.csv"
    write(csv=table)
    whole = table.read_text("utf-8")
    rows = list(csv.DictReader(whole.splitlines()))
    assert rows[2] == {
        "image": "photos/deep/a.jpg",
        "caption": "a photo of deep a",
        "log_prob": "-1.2346",
    }
    lines = whole.splitlines(keepends=True)
    for cut in (lines[2][:-1], lines[2][:-12], '"', ""):
        table.write_text("".join([*lines[:2], cut]), "utf-8")
        todo, failed = write(csv=table, skip_existing=True)
        assert todo == ["photos/b.png", "photos/deep/a.jpg"] and not failed
        assert table.read_text("utf-8") == whole
    assert len(read_captions_csv(table, tmp_path).captions()) == 3
    for other in ("image,text\na.jpg,a dog\n", "a\0\n", "", "a" * 200_000):
        table.write_text(other)
        with pytest.raises(InputError, match="image, caption, log_prob.*out.csv"):
            write(csv=table, skip_existing=True)
        assert table.read_text() == other


def test_two_images_do_not_share_a_caption_file(photos):
    Image.open(photos / "b.png").save(photos / "a.png")
    for more in ({}, {"skip_existing": True}, {"overwrite": True}):
        todo, (failed,) = write(sidecar="txt", **more)
        assert "photos/a.png" in todo or not more
        assert "a.jpg" in failed and "a.png" in failed and "a.txt" in failed
        assert len(list(photos.rglob("*.txt"))) == 3


def test_copies_have_the_caption_and_the_same_pixels(photos, tmp_path):
    import pyexiv2

    Image.open(photos / "b.png").save(photos / "c.gif")
    copies = tmp_path / "copies"
    _, (failed,) = write(xmp=copies)
    assert "c.gif" in failed and not (copies / "c.gif").exists()
    for name in ("a.jpg", "b.png", "deep/a.jpg"):
        with pyexiv2.Image(str(copies / name)) as image:
            found = image.read_xmp()["Xmp.dc.description"]
        assert found == {'lang="x-default"': caption_of(photos / name).text}
        one, other = (np.asarray(Image.open(f / name)) for f in (photos, copies))
        np.testing.assert_array_equal(one, other)
        assert os.path.getmtime(photos / name) == os.path.getmtime(copies / name)
    before = (photos / "a.jpg").read_bytes()
    _, failed = write(xmp=photos, overwrite=True)
    assert len(failed) == 4 and all("the image itself" in why for why in failed)
    assert (photos / "a.jpg").read_bytes() == before


def test_describe_writes_what_it_prints(run, presets, photos, tmp_path):
    options = ("--preset", presets["captioner"], "--sidecar", "txt", "--csv", "t.csv")
    code, out, err = run("describe", "photos", *options)
    captions = dict(line.split(": ", 1) for line in out.splitlines())
    assert (code, err, len(captions)) == (0, "", 3)
    for path, caption in captions.items():
        text = (tmp_path / path).with_suffix(".txt").read_text("utf-8")
        assert text == f"{caption}\n"
    rows = csv.DictReader((tmp_path / "t.csv").read_text("utf-8").splitlines())
    assert {row["image"]: row["caption"] for row in rows} == captions
    (photos / "b.txt").unlink()
    code, out, err = run("describe", "photos", *options, "--skip-existing")
    assert code == 0 and list(captions)[1:2] == [out.split(": ")[0]]
    assert err == "2 of 3 images skipped: their captions exist\n"
    code, out, err = run("describe", "photos", *options, "--skip-existing")
    assert (code, out) == (0, "") and err.startswith("3 of 3 images skipped")


@pytest.mark.parametrize(
    "options",
    [
        ("--skip-existing",),
        ("--overwrite",),
        ("--csv", "photos"),
        ("--sidecar", "txt", "--skip-existing", "--overwrite"),
        ("--sidecar", "doc"),
    ],
)
def test_contradictions_are_refused(run, photos, options):
    code, out, err = run("describe", photos, *options)
    assert (code, out) == (2, "") and "--" in err


def test_an_image_is_not_replaced_by_a_table(photos):
    before = (photos / "a.jpg").read_bytes()
    with pytest.raises(InputError, match="table of captions must not.*a.jpg"):
        write(csv=photos / "a.jpg", overwrite=True)
    assert (photos / "a.jpg").read_bytes() == before


def test_copies_inside_the_folder_are_not_copied_again(photos):
    first, _ = write(xmp=photos / "tagged")
    assert len(first) == 3
    Image.new("RGB", (40, 30)).save(photos / "new.png")
    todo, failed = write(xmp=photos / "tagged", skip_existing=True)
    assert (todo, failed) == (["photos/new.png"], [])
    todo, failed = write(xmp=photos / "tagged", overwrite=True)
    assert (len(todo), failed) == (4, [])
    assert not (photos / "tagged" / "tagged").exists()


@pytest.mark.parametrize(
    "name",
    [
        b"a.jpg",
        b"=cmd.jpg",
        b"+1.jpg",
        b"-1.jpg",
        b"@a.jpg",
        b' a "quoted", name .jpg',
        b"line\nfeed.jpg",
        b"carriage\rreturn.jpg",
        b"both\r\n.jpg ",
        b"tab\t\x1b[2J.jpg",
        "l\u2028p\u2029 \u202e.jpg".encode(),
        b"caf\xe9.jpg",
    ],
    ids=ascii,
)
def test_a_table_gives_back_any_name(tmp_path, name):
    folder = tmp_path / "photos"
    folder.mkdir()
    path = Path(os.fsdecode(name))
    (folder / path).touch()
    table = CaptionTable(tmp_path / "captions.csv", go_on=False)
    for image in (path, Path("other.jpg")):
        table.add(image, Caption("a dog, running", -1.5, np.zeros(1), np.zeros(1)))
    read = CaptionTable(tmp_path / "captions.csv", go_on=True)
    assert read.images == {str(path), "other.jpg"}
    content = (tmp_path / "captions.csv").read_bytes()
    # Nothing is put before a name, and no return is outside of quotes.
    assert b"\r" not in re.sub(rb'"(?:[^"]|"")*"', b"", content)
    with open(
        tmp_path / "captions.csv",
        newline="",
        encoding="utf-8",
        errors="surrogateescape",
    ) as file:
        rows = list(csv.reader(file))
    assert [os.fsencode(row[0]) for row in rows[1:]] == [name, b"other.jpg"]

    (folder / "other.jpg").touch()
    collection = read_captions_csv(tmp_path / "captions.csv", folder)
    if name == b"caf\xe9.jpg":  # TensorFlow has no such strings
        assert collection.problem_counts() == {"not UTF-8": 1}
    else:
        assert os.fsencode(collection[0].path.name) == name
        assert len(collection) == 2 and not collection.problems
