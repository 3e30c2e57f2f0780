"""Classification from the command line."""

import json

import keras
import pytest
from PIL import Image

from keras_imgdesc import ImageClassifier, VGG16Encoder


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    keras.utils.set_random_seed(0)
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    path = tmp_path_factory.mktemp("presets") / "toy"
    ImageClassifier.build_parts(encoder, ["blue", "green", "red"]).save_to_preset(path)
    return path


@pytest.fixture
def photos(tmp_path, draw_colour):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate(("a.jpg", "b.png")):
        Image.fromarray(draw_colour("red", number)).save(folder / name)
    return folder


def test_classify_prints_one_line_per_image(run, preset, photos):
    code, out, _ = run("classify", photos, "--preset", preset, "--top", "2")
    assert code == 0
    classifier = ImageClassifier.from_preset(preset)
    for line, name in zip(out.splitlines(), ("a.jpg", "b.png"), strict=True):
        first, second = classifier.classify(photos / name, top=2)
        assert line == (
            f"{photos / name}: {first.label} {first.probability:.3f}; "
            f"{second.label} {second.probability:.3f}"
        )


def test_json_prints_one_object_per_line(run, preset, photos):
    (photos / "b.png").write_bytes(b"not an image")
    code, out, err = run("classify", photos, "--preset", preset, "--json")
    first, second = (json.loads(line) for line in out.splitlines())
    assert code == 1 and "b.png" in second["error"]
    assert len(first["classes"]) == 3
    assert sum(c["probability"] for c in first["classes"]) == pytest.approx(1, abs=1e-3)
    assert set(first["classes"][0]) == {"label", "probability"}


def test_a_missing_file_does_not_affect_the_others(run, preset, photos):
    code, out, err = run("classify", photos, "none.jpg", "--preset", preset)
    assert code == 1 and out and "images failed" in err and "none.jpg" in err


def test_a_broken_file_is_listed_at_the_end(run, preset, photos):
    (photos / "b.png").write_bytes(b"not an image")
    code, out, err = run("classify", photos, "--preset", preset)
    assert code == 1 and len(out.splitlines()) == 1
    assert "1 of 2 images failed" in err and "b.png" in err


def test_train_and_evaluate_a_folder(run, tmp_path, colour_folder):
    recipe = tmp_path / "recipe.json"
    options = {"image_size": 32, "feature_layer": "block1", "trainable_from": "none"}
    recipe.write_text(json.dumps({"encoder_options": options}))
    code, out, err = run(
        "train", "classifier", "--recipe", recipe, "--run-dir", tmp_path / "run",
        "--images", colour_folder, "--set", "epochs=12", "--set", "batch_size=8",
        "--set", "learning_rate=0.02",
    )  # fmt: skip
    assert code == 0, err
    preset = tmp_path / "run" / "preset"
    assert str(preset) in out
    code, out, _ = run(
        "evaluate", "classifier", "--preset", preset, "--images", colour_folder
    )
    found = json.loads(out)
    assert code == 0 and found["pictures"] == 24 and found["top_1"] > 90
    code, out, _ = run(
        "evaluate", "classifier", "--preset", preset, "--images", colour_folder,
        "--teacher", preset, "--limit", "5",
    )  # fmt: skip
    assert json.loads(out)["agreement"] == 100 and json.loads(out)["pictures"] == 5


def test_a_teacher_can_be_named(run, tmp_path, preset, photos):
    recipe = tmp_path / "recipe.json"
    options = {"image_size": 32, "feature_layer": "block1", "trainable_from": "none"}
    recipe.write_text(json.dumps({"encoder_options": options}))
    code, _, err = run(
        "train", "classifier", "--recipe", recipe, "--run-dir", tmp_path / "run",
        "--images", photos, "--teacher", preset, "--set", "epochs=1",
        "--set", "validation_share=0.5",
    )  # fmt: skip
    assert code == 0, err
    saved = json.loads((tmp_path / "run/recipe.json").read_text())
    assert saved["teacher"] == str(preset)
    assert "agreement" in (tmp_path / "run/metrics.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["classify", "PHOTOS", "--preset", "nobody"], "nobody"),
        (["classify", "PHOTOS", "--preset", "scenes_lstm"], "ImageCaptioner"),
        (["classify", "PHOTOS", "--top", "0"], "--top"),
        (["classify", "nowhere", "--preset", "PRESET"], "nowhere"),
        (
            ["evaluate", "classifier", "--preset", "PRESET", "--images", "PHOTOS"],
            "one folder per class",
        ),
        (
            ["evaluate", "classifier", "--preset", "PRESET", "--images", "PHOTOS"]
            + ["--images", "PHOTOS"],
            "Without a teacher",
        ),
        (
            ["evaluate", "classifier", "--preset", "PRESET", "--images", "PHOTOS"]
            + ["--image-list", "list.txt"],
            "no list of images",
        ),
    ],
)
def test_errors_are_one_line(run, preset, photos, arguments, named):
    places = {"PHOTOS": str(photos), "PRESET": str(preset)}
    code, out, err = run(*(places.get(a, a) for a in arguments))
    assert code == 2 and out == ""
    assert len(err.splitlines()) == 1 and err.startswith("Error: ") and named in err


def test_an_empty_class_folder_is_named(run, tmp_path, preset, colour_folder):
    import shutil

    folder = tmp_path / "colours"
    shutil.copytree(colour_folder, folder)
    (folder / "yellow").mkdir()
    code, _, err = run("evaluate", "classifier", "--preset", preset, "--images", folder)
    assert code == 2 and "yellow" in err and len(err.splitlines()) == 1
