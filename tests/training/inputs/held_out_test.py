from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.inputs.held_out import training_images


@pytest.fixture
def collection(tmp_path):
    """Make a collection of files; those of one number have the same content."""

    def make(folder: str, *numbers: int) -> CaptionCollection:
        (tmp_path / folder).mkdir()
        examples = []
        for number in numbers:
            path = tmp_path / folder / f"{number}.png"
            Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(path)
            examples.append(CaptionedImage(path.name, path, ("a dog",)))
        return CaptionCollection(examples)

    return make


class StartedError(Exception):
    """Ends a training that begins, with the ids of the images."""


@pytest.mark.parametrize("task", ["captioner", "matcher", "painter", "classifier"])
def test_no_task_trains_on_validation_images(
    task, collection, tmp_path, monkeypatch, caplog
):
    def start(recipe, run_dir, train, validation, *args, **options):
        raise StartedError([e.image_id for e in train], len(validation))

    module = import_module(f"keras_imgdesc.training.{task}.train")
    monkeypatch.setattr(module, f"{task.title()}Run", start)
    train, validation = collection("train", 1, 2, 3, 4, 5), collection("other", 2, 4)
    with pytest.raises(StartedError) as started:
        getattr(module, f"train_{task}")(
            SimpleNamespace(precision="float32"), tmp_path / "run", train, validation
        )
    assert started.value.args == (["1.png", "3.png", "5.png"], 2)
    assert "2 of 5 training images (40.0 %) are validation images" in caplog.text


def test_there_must_be_images_left_to_train_on(collection, caplog):
    train, same = collection("train", 1, 2), collection("other", 1, 2, 3)
    with pytest.raises(
        InputError, match="must be training images.*--validation-fraction"
    ):
        training_images(train, same)
    with pytest.raises(InputError, match="validation=0"):
        training_images(train, CaptionCollection([]))
    assert len(training_images(train, collection("third", 3))) == 2
    assert not caplog.records
