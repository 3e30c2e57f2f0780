"""The commands that search images."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc import CompactTextEncoder, ImageTextMatcher, VGG16Encoder
from keras_imgdesc.matching.index.files import read_manifest, write_manifest
from keras_imgdesc.text import CaptionTokenizer, Vocabulary


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "dog"]), 6)
    matcher = ImageTextMatcher.build_parts(
        VGG16Encoder(image_size=32, width=0.0625),
        CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1, num_heads=2),
        embedding_dim=8,
    )
    path = tmp_path_factory.mktemp("presets") / "toy"
    matcher.save_to_preset(path)
    return path


@pytest.fixture(autouse=True)
def installed(preset, monkeypatch):
    """The folder of the preset is one that is searched for presets."""
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", str(preset.parent))


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("red", "green", "blue"):
        Image.new("RGB", (50, 40), name).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def index(run, preset, photos, tmp_path):
    place = tmp_path / "index"
    code, out, _ = run("index", photos, "-o", place, "--preset", preset)
    assert code == 0 and out.startswith(f"3 images in {place}: 3 added, 0 changed")
    return place


def test_index_and_search(run, index, photos, tmp_path):
    code, out, _ = run("search", index, "a red dog", "-k", 2)
    lines = [line.split(" ", 1) for line in out.splitlines()]
    assert code == 0 and len(lines) == 2
    assert float(lines[0][0]) >= float(lines[1][0])
    assert all(path.startswith(str(photos)) for _, path in lines)

    code, out, _ = run("search", index, "--image", photos / "blue.png", "--json")
    hits = [json.loads(line) for line in out.splitlines()]
    assert len(hits) == 3 and hits[0]["path"] == str(photos / "blue.png")
    assert hits[0]["similarity"] == pytest.approx(1, abs=1e-4)


def test_an_index_does_not_choose_what_is_loaded(
    run, index, preset, tmp_path, monkeypatch
):
    """Only the name or the folder of an installed preset is taken from an index."""
    other = tmp_path / "other"
    shutil.copytree(preset, other / "toy")
    (other / "toy" / "config.json").write_text("not to be read")
    manifest = read_manifest(index)
    write_manifest(index, manifest | {"preset": "toy"})
    monkeypatch.chdir(other)  # a folder of that name is here
    assert run("search", index, "a red dog")[0] == 0

    for named in (str(other / "toy"), "../other/toy", "other/../toy", "nothing"):
        write_manifest(index, manifest | {"preset": named})
        code, out, err = run("search", index, "a red dog")
        assert (code, out) == (2, "") and "only an installed preset" in err
        assert named in err and "--preset" in err
        assert run("search", index, "a red dog", "--preset", preset)[0] == 0
    write_manifest(index, manifest | {"preset": None})
    code, _, err = run("search", index, "a red dog")
    assert code == 2 and "does not name its matcher" in err


def test_the_sheet_shows_the_hits(run, index, photos, tmp_path):
    sheet = tmp_path / "sheets" / "out.png"
    (photos / "green.png").unlink()  # deleted since it was indexed
    code, out, err = run("search", index, "a dog", "--sheet", sheet, "--rerank", 0)
    assert code == 0 and len(out.splitlines()) == 2
    assert (
        err.startswith("Images of the index that are gone: 1 of 3")
        and "green.png" in err
    )
    pixels = np.asarray(Image.open(sheet)).reshape(-1, 3)
    for colour, is_there in (((255, 0, 0), 1), ((0, 0, 255), 1), ((0, 128, 0), 0)):
        assert ((pixels == colour).all(axis=1).sum() > 1000) == is_there


def test_a_bad_image_does_not_stop_the_others(run, index, preset, photos):
    (photos / "bad.jpg").write_bytes(b"not an image")
    code, out, err = run("index", photos, "-o", index, "--preset", preset)
    assert code == 1 and "3 unchanged" in out
    assert err.splitlines()[-2] == "1 of 4 images failed:" and "bad.jpg" in err


def test_moved_photographs_are_said_and_relocated(run, index, preset, photos, tmp_path):
    new = tmp_path / "moved"
    photos.rename(new)
    sheet = tmp_path / "sheet.png"
    for more in ((), ("--rerank", 0), ("--sheet", sheet)):
        code, out, err = run("search", index, "a dog", *more)
        assert (code, out) == (1, "")
        assert err.startswith("Images of the index that are gone: 3 of 3, such as ")
        assert "--relocate OLD NEW" in err and not sheet.exists()
    code, out, _ = run("index", "-o", index, "--relocate", photos, new)
    assert (code, out) == (0, f"3 images of {index} are now in {new}\n")
    code, out, err = run("search", index, "a dog")
    assert code == 0 and out.count(str(new)) == 3 and err == ""


def test_an_empty_index_says_so(run, index, preset, photos):
    for photo in photos.iterdir():
        photo.unlink()
    code, out, err = run("index", photos, "-o", index, "--preset", preset)
    assert code == 0 and out.startswith(f"0 images in {index}: ") and "3 removed" in out
    code, out, err = run("search", index, "a dog")
    assert (code, out, err) == (1, "", f"The index {index} is empty.\n")


def test_unknown_words_are_named(run, index, preset, photos):
    line = f"Not in the vocabulary of {preset}: zebra"
    code, out, err = run("search", index, "a zebra")
    assert code == 0 and len(out.splitlines()) == 3 and err.splitlines() == [line]
    code, out, err = run("score", photos, "-t", "a Zebra!", "--preset", preset)
    assert code == 0 and len(out.splitlines()) == 5 and err.splitlines() == [line]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["search", "INDEX", "two zebras"], "the matcher knows"),
        (
            ["score", "PHOTOS", "-t", "a dog", "-t", "zebra", "--preset", "PRESET"],
            "the matcher knows",
        ),
        (["search", "INDEX"], "--image"),
        (["search", "INDEX", "a dog", "--image", "PHOTOS/red.png"], "--image"),
        (["search", "INDEX", "  "], "words"),
        (["search", "INDEX", "--image", "PHOTOS/none.png"], "none.png"),
        (["search", "INDEX", "a dog", "-k", "0"], "-k"),
        (["search", "INDEX", "a dog", "--sheet", "out.txt"], "out.txt"),
        (["search", "PHOTOS", "a dog"], "must be an index"),
        (["search", "INDEX", "a dog", "--preset", "scenes_lstm"], "scenes_lstm"),
        (["index", "EMPTY", "-o", "INDEX", "--preset", "PRESET"], "must have images"),
        (
            ["index", "PHOTOS", "-o", "PHOTOS", "--preset", "PRESET"],
            "new or empty folder",
        ),
        (["index", "PHOTOS", "-o", "INDEX", "--preset", "none"], "none"),
        (["index", "-o", "INDEX"], "PATHS"),
        (["index", "-o", "INDEX", "--relocate", "EMPTY", "PHOTOS"], "old place"),
    ],
)
def test_errors_are_one_line(run, index, preset, photos, tmp_path, arguments, named):
    (tmp_path / "EMPTY").mkdir()
    places = {"INDEX": index, "PHOTOS": photos, "PRESET": preset}
    places["EMPTY"] = tmp_path / "EMPTY"
    for name, place in places.items():
        arguments = [a.replace(name, str(place)) for a in arguments]
    code, out, err = run(*arguments)
    assert code == 2 and out == ""
    assert len(err.splitlines()) == 1 and err.startswith("Error: ") and named in err
