"""`keras-imgdesc evaluate painter`."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc import TextToImage
from keras_imgdesc.data.scenes import draw_scenes


@pytest.fixture
def flowers(tmp_path):
    """Two species of flowers, with three photos each in `train` and in `test`."""
    folder = tmp_path / "flowers"
    (folder / "jpg").mkdir(parents=True)
    generator = np.random.default_rng(0)
    rows = ["image,label,name,official_split"]
    for label, name in ((1, "red star"), (2, "blue heart")):
        for split in ("train", "test"):
            for number in range(3):
                pixels = generator.integers(0, 256, (40, 40, 3), np.uint8)
                pixels[..., 2 * label - 2] = 250
                path = folder / "jpg" / f"{split}{label}{number}.png"
                Image.fromarray(pixels).save(path)
                rows.append(f"{path.name},{label},{name},{split}")
    (folder / "labels.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture
def few_scenes(monkeypatch):
    monkeypatch.setattr(
        "keras_imgdesc.data.scenes.load_scenes",
        lambda split, config, data_dir=None: draw_scenes(split, 20),
    )


@pytest.mark.slow
def test_a_painter_of_scenes_is_evaluated(run, presets, few_scenes, tmp_path):
    report = tmp_path / "report"
    arguments = ["evaluate", "painter", "--preset", presets["painter"], "--scenes"]
    for name in ("matcher", "captioner"):
        arguments += [f"--{name}", presets[name]]
    code, out, err = run(*arguments, "--limit", 12, "--json", "--report", report)
    assert code == 0 and err == ""
    found = json.loads(out)
    assert found["pictures"] == 12 and found["picture_size"] == 32
    assert found["scene_exact"] == found["loop_scene"] == 0
    assert found["r_precision_choices"] <= 12
    assert found["fid"] > 0 and found["fid_floor"] > 0 and found["fid_painted"] == 12
    assert found["fid_extractor"].startswith(f"{presets['matcher']}: VGG16Encoder")
    assert found["diversity_real"] > found["diversity"] > 0
    assert {path.name for path in report.iterdir()} == {
        "index.html",
        "sheet.png",
        "generator.json",
    }
    content = json.loads((report / "generator.json").read_text())
    assert len(content["descriptions"]) == 12
    assert content["summary"] == {k: v for k, v in found.items() if k != "preset"}


def test_only_the_best_of_several_images_is_evaluated(
    run, presets, few_scenes, monkeypatch, tmp_path
):
    calls = []

    def generate(painter, texts, num_images=1, seed=0, temperature=None, rerank=None):
        calls.append((num_images, temperature, type(rerank).__name__))
        # The best image comes first; the others must not count.
        white = np.full((len(texts), 1, 32, 32, 3), 255, np.uint8)
        return np.concatenate([white, np.repeat(0 * white, num_images - 1, 1)], axis=1)

    monkeypatch.setattr(TextToImage, "generate", generate)
    code, out, err = run(
        "evaluate", "painter", "--preset", presets["painter"], "--scenes", "--json",
        "--matcher", presets["matcher"], "--best-of", 16, "--temperature", 0.5,
        "--report", tmp_path / "it",
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(out)
    assert (found["best_of"], found["temperature"]) == (16, 0.5)
    assert set(calls) == {(16, 0.5, "ImageTextMatcher")}
    with Image.open(tmp_path / "it/sheet.png") as sheet:
        assert np.asarray(sheet.convert("L")).mean() > 200


def test_a_painter_of_flowers_is_evaluated(run, presets, flowers, tmp_path):
    arguments = ["evaluate", "painter", "--preset", presets["painter"]]
    arguments += ["--flowers", flowers, "--classifier", presets["captioner"]]
    code, out, err = run(*arguments, "--report", tmp_path / "report")
    assert code == 0 and "6 images" in err and "--matcher" in err
    text, _, last = out.rpartition("Report: ")
    assert last.strip() == str(tmp_path / "report" / "index.html")
    found = json.loads(text)
    assert found["class_training_pictures"] == 6 and found["text"] == "derived"
    assert found["class_top_5"] == found["class_top_5_real"] == 100  # of two classes
    assert 0 <= found["class_top_1"] <= 100 and "fid" not in found


def test_painters_are_compared(run, presets, few_scenes, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(presets["painter"], other)
    code, out, err = run(
        "evaluate", "painter", "--preset", presets["painter"], "--preset", other,
        "--scenes", "--limit", 5, "--report", tmp_path / "report",
    )  # fmt: skip
    assert code == 0, err
    table, _, last = out.rpartition("Report: ")
    sheet = tmp_path / "report/comparison.png"
    assert last.strip() == str(sheet)
    assert table == (tmp_path / "report/comparison.md").read_text()
    early = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [one["preset"] for one in early] == [str(presets["painter"]), str(other)]
    assert table.splitlines()[0] == f"| | {presets['painter']} | {other} |"
    row = next(line for line in table.splitlines() if line.startswith("| diversity |"))
    first, second = row.split("|")[2:4]
    assert first == second and float(first) > 0
    with Image.open(sheet) as drawn:
        # Two texts per row, each with one real image and two painted ones.
        assert drawn.width == 6 * 136 + 8


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "--annotations"),
        (["--scenes", "--classifier", "CAPTIONER"], "--flowers"),
        (["--scenes", "--matcher", "none"], "none"),
        (["--scenes", "--limit", "0"], "--limit"),
        (["--scenes", "--best-of", "4"], "--matcher"),
        (["--scenes", "--preset", "MATCHER"], "ImageTextMatcher"),
        (["--scenes", "--matcher", "PAINTER"], "TextToImage"),
        (["--scenes", "--report", "FILE"], "FILE"),
    ],
)
def test_errors_are_one_line(run, presets, few_scenes, tmp_path, arguments, named):
    (tmp_path / "FILE").touch()
    places = {name.upper(): path for name, path in presets.items()}
    places["FILE"] = tmp_path / "FILE"
    code, out, err = run(
        "evaluate", "painter", "--preset", presets["painter"],
        *[places.get(a, a) for a in arguments],
    )  # fmt: skip
    assert code == 2 and out == ""
    assert len(err.splitlines()) == 1 and err.startswith("Error: ") and named in err


def test_the_classifier_must_not_learn_from_the_evaluated_split(run, presets, flowers):
    code, out, err = run(
        "evaluate", "painter", "--preset", presets["painter"], "--flowers", flowers,
        "--classifier", presets["captioner"], "--classifier-photos", "test",
    )  # fmt: skip
    assert code == 2 and out == "" and "another split" in err.splitlines()[-1]
