"""The commands that paint."""

import json

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc import ImageTextMatcher, TextToImage
from keras_imgdesc.cli.painting import MOST_ON_A_SHEET, NUM_IMAGES
from keras_imgdesc.noise import MOST_IMAGES
from keras_imgdesc.visualization.contact_sheets import GAP


def read(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_paint_saves_one_file_per_image(run, presets, tmp_path):
    arguments = ["paint", "a red star", "A blue heart!", "-n", 3, "--seed", 5]
    arguments += ["--preset", presets["painter"], "--output-dir", tmp_path / "out"]
    code, out, err = run(*arguments)
    assert code == 0 and err == ""
    paths = [
        tmp_path / "out" / f"{words}-00{number}.png"
        for words in ("a-red-star", "a-blue-heart")
        for number in (1, 2, 3)
    ]
    assert out.splitlines() == [str(path) for path in paths]
    painter = TextToImage.from_preset(presets["painter"])
    for text, rows in (("a red star", paths[:3]), ("A blue heart!", paths[3:])):
        painted = painter.generate(text, 3, seed=5)
        assert (painted[0] != painted[1]).any()
        np.testing.assert_array_equal([read(path) for path in rows], painted)
    before = {path: path.read_bytes() for path in paths}
    code, out, _ = run(*arguments)
    assert code == 0 and "a-red-star-004.png" in out and "-001" not in out
    assert all(path.read_bytes() == content for path, content in before.items())


def test_truncation_is_a_factor_on_the_painters_own_temperature(run, presets, tmp_path):
    painter = TextToImage.from_preset(presets["painter"])
    cooler = painter.generator.painting(temperature=0.5)
    TextToImage(painter.text_encoder, cooler).save_to_preset(tmp_path / "cooler")
    arguments = ["paint", "a red star", "-n", 1, "--preset", tmp_path / "cooler"]
    arguments += ["--truncation", 0.5]
    code, out, _ = run(*arguments, "--output-dir", tmp_path / "out")
    expected = painter.generate("a red star", temperature=0.25)[0]
    np.testing.assert_array_equal(read(out.strip()), expected)
    code, _, err = run(*arguments, "--temperature", 0.5, "--sheet", tmp_path / "o.png")
    assert code == 2 and "--temperature" in err


def test_a_bad_text_does_not_stop_the_others(run, presets, tmp_path):
    arguments = ["paint", "a red star", " ", "xyzzy", "-n", 2]
    arguments += ["--preset", presets["painter"], "--sheet", tmp_path / "out.png"]
    code, out, err = run(*arguments)
    assert code == 1 and out.splitlines() == [f"Sheet: {tmp_path / 'out.png'}"]
    lines = err.splitlines()
    assert lines[0] == "2 of 3 texts failed:" and len(lines) == 3
    assert "words in it" in lines[1]
    assert (
        "xyzzy" in lines[2] and "Use some of its" in lines[2] and "'star'" in lines[2]
    )
    assert read(tmp_path / "out.png").shape[1] == 2 * (128 + GAP) + GAP

    code, out, err = run(*arguments, "--json", "--output-dir", tmp_path / "out")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 1 and err == ""
    paths = [str(tmp_path / "out" / f"a-red-star-00{i}.png") for i in (1, 2)]
    assert rows[0] == {"text": "a red star", "seed": 0, "pictures": 2, "paths": paths}
    assert [set(row) for row in rows[1:]] == [{"text", "error"}] * 2


def test_unknown_words_are_named(run, presets, tmp_path):
    painter, matcher = presets["painter"], presets["matcher"]
    line = f"Not in the vocabulary of {painter}: cat, sofa"
    arguments = ["paint", "a cat, a red star", "a blue sofa", "-n", 1]
    arguments += ["--preset", painter, "--sheet", tmp_path / "out.png"]
    code, _, err = run(*arguments)
    assert code == 0 and err.splitlines() == [line]
    code, _, err = run(*arguments, "--rerank", matcher, "--json")
    other = f"Not in the vocabulary of {matcher}: cat, sofa"
    assert code == 0 and err.splitlines() == [line, other]
    code, _, err = run("interpolate", "a cat", "a sofa", *arguments[-4:], "--steps", 2)
    assert code == 0 and err.splitlines() == [line]
    arguments = ["roundtrip", "a cat or sofa", "-n", 2, *arguments[-4:]]
    for name in ("matcher", "captioner"):
        arguments += [f"--{name}", presets[name]]
    code, _, err = run(*arguments)
    lines = [text.replace("cat,", "cat, or,") for text in (line, other)]
    assert code == 0 and err.splitlines() == lines


def test_bad_texts_alone_draw_no_sheet(run, presets, tmp_path):
    sheet = tmp_path / "out.png"
    code, out, err = run(
        "paint", "xyzzy", "--preset", presets["painter"], "--sheet", sheet
    )
    assert code == 1 and out == "" and "1 of 1 texts failed" in err
    assert not sheet.exists()


def test_rerank_sorts_the_images_best_first(run, presets, tmp_path):
    arguments = ["paint", "a red star", "-n", 6, "--output-dir", tmp_path / "out"]
    arguments += ["--preset", presets["painter"], "--rerank", presets["matcher"]]
    assert run(*arguments)[0] == 0
    images = np.stack([read(path) for path in sorted((tmp_path / "out").iterdir())])
    matcher = ImageTextMatcher.from_preset(presets["matcher"])
    found = matcher.probabilities(images, "a red star")
    assert len(found) == 6 and (np.diff(found) <= 1e-6).all() and found[0] > found[-1]


def test_interpolate_paints_the_steps_between_two_texts(run, presets, tmp_path):
    texts = ["a red star", "a blue heart"]
    arguments = ["interpolate", *texts, "--steps", 5, "--seed", 3]
    arguments += ["--preset", presets["painter"], "--sheet", tmp_path / "strip.png"]
    code, out, _ = run(*arguments, "--output-dir", tmp_path / "out")
    names = [f"a-red-star-to-a-blue-heart-00{i}.png" for i in range(1, 6)]
    assert code == 0 and len(out.splitlines()) == 6
    painter = TextToImage.from_preset(presets["painter"])
    for is_same in (False, True):
        folder = tmp_path / ("same" if is_same else "out")
        if is_same:
            assert run(*arguments, "--output-dir", folder, "--same-noise")[0] == 0
        images = [read(folder / name) for name in names]
        expected = painter.interpolate(*texts, 5, seed=3, same_noise=is_same)
        np.testing.assert_array_equal(images, expected)
    strip = read(tmp_path / "strip.png")
    assert strip.shape[1] == 5 * (128 + GAP) + GAP
    tile = images[0].repeat(4, axis=0).repeat(4, axis=1)
    np.testing.assert_array_equal(strip[GAP : GAP + 128, GAP : GAP + 128], tile)


def test_roundtrip_prints_the_words_in_and_out(run, presets, tmp_path):
    text = "a small red star above a large blue heart"
    arguments = ["roundtrip", text, "-n", 5]
    for name in ("matcher", "captioner"):
        arguments += [f"--{name}", presets[name]]
    arguments += ["--preset", presets["painter"], "--sheet", tmp_path / "out.png"]
    code, out, err = run(*arguments)
    assert code == 0 and err == ""
    lines = dict(line.split(":", 1) for line in out.splitlines())
    assert lines["words in"].strip() == text and "the best of 5" in lines["P(I|D)"]
    assert lines["same objects"].strip() == lines["same scene"].strip() == "no"
    assert read(tmp_path / "out.png").shape[1] == 4 * (192 + GAP) + GAP
    code, out, _ = run(*arguments, "--json")
    found = json.loads(out)
    assert found["text_out"] == lines["words out"].strip() == found["captions"][0]
    assert len(found["probabilities"]) == 5


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["paint", "a star", "--preset", "PAINTER"], "--sheet"),
        (["paint", "--sheet", "out.png", "--preset", "PAINTER"], "TEXT"),
        (["paint", "a star", "-n", "0", "--sheet", "out.png"], "-n"),
        (["paint", "a star", "-n", "1000000", "--sheet", "out.png"], "10000"),
        (["paint", "a star", "-n", "1001", "--sheet", "out.png"], "--output-dir"),
        (["paint", "a star", "--sheet", "out.txt"], "out.txt"),
        (["paint", "a star", "--colour", "--sheet", "out.png"], "--colour"),
        (["paint", "a star", "--sheet", "out.png", "--preset", "none"], "none"),
        (["paint", "a star", "--sheet", "out.png", "--seed", "-1"], "--seed"),
        (
            ["paint", "a star", "--sheet", "out.png", "--temperature", "-1"],
            "--temperature",
        ),
        (
            ["paint", "a star", "--sheet", "out.png", "--preset", "PAINTER"]
            + ["--rerank", "none"],
            "none",
        ),
        (
            ["paint", "a star", "--sheet", "out.png", "--preset", "CAPTIONER"],
            "task='ImageCaptioner'",
        ),
        (
            ["paint", "a star", "--preset", "PAINTER", "--output-dir", "FILE"],
            "FILE",
        ),
        (["interpolate", "a star", "--sheet", "out.png"], "TEXT_B"),
        (["interpolate", "a star", "a heart", "--preset", "PAINTER"], "--sheet"),
        (
            ["interpolate", "a star", "a heart", "--sheet", "out.png"]
            + ["--preset", "PAINTER", "--steps", "1"],
            "--steps",
        ),
        (
            ["interpolate", "a star", "xyzzy", "--sheet", "out.png"]
            + ["--preset", "PAINTER"],
            "xyzzy",
        ),
        (
            ["roundtrip", "a star", "--preset", "PAINTER", "--matcher", "MATCHER"]
            + ["--captioner", "MATCHER"],
            "ImageTextMatcher",
        ),
        (["roundtrip", "a star", "--preset", "PAINTER", "--matcher", "none"], "none"),
        (["roundtrip", " ", "--preset", "PAINTER"], "words in it"),
    ],
)
def test_errors_are_one_line(run, presets, tmp_path, arguments, named, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").touch()
    places = {name.upper(): str(path) for name, path in presets.items()}
    code, out, err = run(*[places.get(a, a) for a in arguments])
    assert code == 2 and out == ""
    assert len(err.splitlines()) == 1 and err.startswith("Error: ") and named in err
    assert [path.name for path in tmp_path.iterdir()] == ["FILE"]


def test_the_commands_accept_what_generate_accepts():
    assert NUM_IMAGES.max == MOST_IMAGES >= MOST_ON_A_SHEET
