"""Training of a classifier."""

import json

import keras
import numpy as np
import pytest

from keras_imgdesc import EfficientNetLiteEncoder, ImageClassifier
from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.data.readers import read_labelled_folders
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.classification.classification_metrics import (
    ClassificationAccuracy,
)
from keras_imgdesc.training.classifier.recipe import ClassifierRecipe
from keras_imgdesc.training.classifier.train import ClassifierRun, train_classifier

COLOURS = ["blue", "green", "red"]
TOY = {"image_size": 32, "feature_layer": "block1", "trainable_from": "none"}


def recipe(**changes) -> ClassifierRecipe:
    values = {
        "encoder_options": TOY,
        "epochs": 2,
        "batch_size": 8,
        "dropout": 0.1,
        "learning_rate": 0.02,
        "precision": "float32",
    }
    return ClassifierRecipe(**values | changes)


@pytest.fixture
def collection(draw_colour):
    """Make a collection of colours: (images, first number, labels or not)."""

    def make(count: int, first: int = 0, labelled: bool = True) -> CaptionCollection:
        examples = []
        for i in range(count):
            name = COLOURS[i % 3]
            image = draw_colour(name, first + i)
            extra = {"name": name} if labelled else {}
            examples.append(CaptionedImage(f"{first + i}", None, (), image, extra))
        return CaptionCollection(examples)

    return make


def test_it_learns_a_folder_and_saves_the_best(tmp_path, colour_folder, draw_colour):
    chosen = recipe(epochs=12, validation_share=0.25, average_decay=0.5)
    data = read_labelled_folders(colour_folder)
    classifier = train_classifier(chosen, tmp_path, data, progress=False)
    for colour in COLOURS:
        best = classifier.classify(draw_colour(colour, 50))[0]
        assert best.label == colour and best.probability > 0.5
    rows = (tmp_path / "metrics.csv").read_text().splitlines()
    assert len(rows) == 13 and "calibration_error" in rows[0]
    assert json.loads((tmp_path / "preset/recipe.json").read_text())["epochs"] == 12
    # The encoder is frozen: what is cached is a mean of each map, not the map.
    manifest = json.loads((tmp_path / "features/train/manifest.json").read_text())
    assert manifest["feature_map_shape"] == [1, 1, 16]


def test_the_saved_temperature_is_that_of_the_best_epoch(tmp_path, collection):
    validation = collection(9, 50)
    classifier = train_classifier(
        recipe(), tmp_path, collection(24), validation, progress=False
    )
    rows = json.loads((tmp_path / "checkpoint.json").read_text())["metrics"]
    best = max(rows, key=lambda row: (row["score"], -row["cross_entropy"]))
    assert classifier.head.temperature == pytest.approx(best["temperature"], rel=1e-2)
    images = [example.image for example in validation]
    names = [example.extra["name"] for example in validation]
    # The features of validation images were rounded to bfloat16.
    assert classifier.calibrate(images, names) == pytest.approx(
        best["temperature"], rel=0.05
    )


def test_equal_accuracies_are_told_apart_by_the_loss(
    tmp_path, collection, record_saves, monkeypatch
):
    saves = record_saves(ClassifierRun)
    losses = iter([3.0, 1.0, 2.0])
    monkeypatch.setattr(
        ClassificationAccuracy,
        "compute",
        lambda *_: {"top_1": 50.0, "cross_entropy": next(losses)},
    )
    chosen = recipe(epochs=3, patience=1)
    data = collection(12), collection(6, 50)
    ClassifierRun(chosen, tmp_path, *data, progress=False).train()
    assert saves == [("preset", 1), ("preset", 2)]


def test_a_run_is_resumed_with_its_data_alone(tmp_path, collection):
    data = collection(12), collection(6, 50)
    first = ClassifierRun(recipe(), tmp_path, *data, progress=False)
    first.directory.save_checkpoint({}, {"epochs_done": 1})
    relabelled = collection(12)
    relabelled[0].extra["name"] = "red"
    with pytest.raises(InputError, match="train_labels_changed='1 image: 0'"):
        ClassifierRun(recipe(), tmp_path, relabelled, data[1])
    with pytest.raises(InputError, match="train_images_added='3 images: 12, 13"):
        ClassifierRun(recipe(), tmp_path, collection(15), data[1])


@pytest.mark.slow
def test_a_run_fulfils_the_contract(run_recipe_contract, collection):
    def train(chosen, run_dir, progress):
        return train_classifier(
            chosen, run_dir, collection(24), collection(9, 50), progress=progress
        )

    run_recipe_contract(recipe(patience=2), train)


@pytest.mark.slow
def test_a_student_learns_what_its_teacher_sees(tmp_path, collection):
    keras.utils.set_random_seed(1)
    encoder = EfficientNetLiteEncoder(image_size=32, feature_layer="block1")
    teacher = ImageClassifier.build_parts(encoder, COLOURS)
    teacher.image_encoder.set_trainable_from("none")
    teacher.compile(keras.optimizers.Adam(0.02))
    images = np.stack([e.image[:32, :32] for e in collection(24)])
    teacher.fit(images, np.arange(24) % 3, epochs=12, verbose=0)
    teacher.save_to_preset(tmp_path / "teacher")
    chosen = recipe(
        epochs=12, teacher=str(tmp_path / "teacher"), views=2, flip=True, crop=0.8
    )
    student = train_classifier(
        chosen,
        tmp_path / "run",
        collection(24, labelled=False),
        collection(9, 50, labelled=False),
        progress=False,
    )
    assert student.labels == teacher.labels
    unseen = [example.image for example in collection(9, 80)]
    expected = teacher.probabilities(unseen).argmax(axis=1)
    assert (student.probabilities(unseen).argmax(axis=1) == expected).mean() > 0.8
    rows = json.loads((tmp_path / "run/checkpoint.json").read_text())["metrics"]
    assert rows[-1]["score"] == rows[-1]["agreement"] > 80
    # Two versions of each image, and their targets.
    found = [len(np.load(path)) for path in (tmp_path / "run/teacher").glob("*.npy")]
    assert sorted(found) == [9, 48]


def test_fine_tuning_trains_the_last_layers(tmp_path, collection):
    options = TOY | {"trainable_from": "block1_project"}
    run = ClassifierRun(
        recipe(epochs=1, encoder_options=options, flip=True, views=2),
        tmp_path,
        collection(16),
        collection(6, 50),
        progress=False,
    )
    before = {v.path: np.asarray(v) for v in run.classifier.image_encoder.weights}
    run.train()
    for variable in run.classifier.image_encoder.weights:
        moved = (np.asarray(variable) != before[variable.path]).any()
        assert moved == variable.path.startswith("block1_project")


def test_images_that_change_in_each_step_are_not_cached(tmp_path, collection):
    run = ClassifierRun(
        recipe(epochs=1, crop=0.7, colour=0.5),
        tmp_path,
        collection(8),
        collection(6, 50),
        progress=False,
    )
    run.train()
    assert run.frozen is None and not (tmp_path / "features").exists()
    assert run.directory.metrics()[0]["loss"] > 0


def test_broken_images_are_skipped_with_a_warning(tmp_path, collection, caplog):
    images = collection(12)
    images.examples[3] = CaptionedImage("bad", None, (), b"", {"name": "blue"})
    run = ClassifierRun(
        recipe(epochs=1), tmp_path, images, collection(6, 50), progress=False
    )
    assert run.count == 11 and "Skipped: bad" in caplog.text
    # The targets are still those of their images.
    expected = [COLOURS.index(e.extra["name"]) for e in images if e.image_id != "bad"]
    assert run.targets(np.arange(11)).argmax(axis=1).tolist() == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"teacher": "t", "flip": True}, "same versions.*views=1"),
        ({"views": 3}, "must differ.*views=3"),
        ({"validation_share": 1.0}, "validation_share=1.0"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"teacher_temperature": 0.0}, "teacher_temperature=0.0"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        recipe(**changes)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"image_encoder_from": "scenes_lstm"},
            "encoder_options={'feature_layer': 'block1'}",
        ),
        ({"teacher_temperature": 2.0}, "teacher_temperature=2.0"),
        ({"encoder_learning_rate": 0.5}, "frozen.*encoder_learning_rate=0.5"),
        ({"validation_share": 0.3}, "validation_share=0.3"),
    ],
)
def test_settings_without_effect_are_refused(tmp_path, collection, changes, named):
    with pytest.raises(InputError, match=f"must have an effect.*{named}"):
        train_classifier(recipe(**changes), tmp_path, collection(9), collection(6, 50))


def test_data_without_classes_are_refused(tmp_path, collection):
    one, other = (
        CaptionCollection([e for e in images if e.extra["name"] == "red"])
        for images in (collection(9, 50), collection(9))
    )
    for train in (other, collection(9, labelled=False)):
        with pytest.raises(InputError, match="at least two classes"):
            train_classifier(recipe(), tmp_path / "run", train, one, progress=False)
    rest = CaptionCollection([e for e in collection(9) if e.extra["name"] != "red"])
    with pytest.raises(InputError, match="no such class.*'red'"):
        train_classifier(recipe(), tmp_path / "run", rest, one, progress=False)
    # Nothing was written that would refuse the corrected data.
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match="hold some out"):
        train_classifier(recipe(), tmp_path, CaptionCollection(one.examples[:1]))


def test_versions_need_frozen_layers(tmp_path, collection):
    options = TOY | {"trainable_from": "all"}
    with pytest.raises(InputError, match="frozen layers.*views=2"):
        train_classifier(
            recipe(encoder_options=options, flip=True, views=2),
            tmp_path,
            collection(9),
            collection(6, 50),
            progress=False,
        )
