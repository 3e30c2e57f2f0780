import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.training.captioner import train as captioner_training
from keras_imgdesc.training.classifier import train as classifier_training


@pytest.fixture
def captions(tmp_path):
    """Return the options that name six photos with captions."""
    (tmp_path / "photos").mkdir()
    lines = ["image,caption"]
    for number in range(6):
        pixels = np.full((8, 8, 3), number, np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
        lines.append(f"{number}.png,a dog number {number}")
    (tmp_path / "captions.csv").write_text("\n".join(lines))
    (tmp_path / "dev.txt").write_text("1.png\n4.png\n")
    (tmp_path / "recipe.json").write_text(json.dumps({"epochs": 1}))
    return [
        *("--recipe", tmp_path / "recipe.json", "--run-dir", tmp_path / "run"),
        *("--annotations", tmp_path / "captions.csv", "--images", tmp_path / "photos"),
    ]


@pytest.fixture
def trained(monkeypatch):
    """Return the ids of the training and validation images of each run."""
    runs = []

    class Run:
        def __init__(self, recipe, run_dir, *collections, **options):
            runs.append([[e.image_id for e in images] for images in collections])

        def train(self):
            pass

    preset = SimpleNamespace(from_preset=lambda path: None)
    monkeypatch.setattr(captioner_training, "CaptionerRun", Run)
    monkeypatch.setattr(captioner_training, "ImageCaptioner", preset)
    return runs


def test_without_an_image_list_validation_images_are_not_trained_on(
    run, captions, trained, tmp_path, caplog
):
    code, _, err = run(
        "train", "captioner", *captions, "--validation-image-list", tmp_path / "dev.txt"
    )
    assert code == 0, err
    assert trained == [[["0.png", "2.png", "3.png", "5.png"], ["1.png", "4.png"]]]
    assert "2 of 6 training images (33.3 %) are validation images" in caplog.text


def test_a_fraction_is_held_out_by_the_seed(run, captions, trained, tmp_path):
    for seed in (0, 0, 1, 2, 3):
        code, _, err = run(
            "train", "captioner", *captions, "--validation-fraction", "0.34",
            "--set", f"seed={seed}",
        )  # fmt: skip
        assert code == 0 and "Images held out for validation: 2" in err
    for train, validation in trained:
        assert sorted(train + validation) == [f"{i}.png" for i in range(6)]
        assert len(validation) == 2
    assert trained[0] == trained[1]
    assert len({tuple(validation) for _, validation in trained}) > 1


@pytest.mark.parametrize("value", ["0", "1", "-0.1"])
def test_a_fraction_out_of_range_is_refused(run, captions, value):
    code, _, err = run("train", "captioner", *captions, "--validation-fraction", value)
    assert code == 2 and "--validation-fraction" in err


def test_a_fraction_beside_validation_images_is_refused(run, captions, tmp_path):
    fraction = ["--validation-fraction", "0.5"]
    code, _, err = run(
        "train", "matcher", *captions, *fraction, "--validation-split", "val"
    )
    assert code == 2 and "omit it, or --validation-split" in err
    code, _, err = run(
        "train", "classifier", *captions[:4], "--images", tmp_path, *fraction,
        "--validation-images", tmp_path,
    )  # fmt: skip
    assert code == 2 and "omit it, or --validation-images" in err


def test_a_classifier_holds_out_the_fraction(run, captions, colour_folder, monkeypatch):
    shares = []
    monkeypatch.setattr(
        classifier_training,
        "train_classifier",
        lambda recipe, *others: shares.append((recipe.validation_share, others[-1])),
    )
    code, _, err = run(
        "train", "classifier", *captions[:4], "--images", colour_folder,
        "--validation-fraction", "0.25",
    )  # fmt: skip
    assert code == 0, err
    assert shares == [(0.25, None)]
