import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import keras_imgdesc
from keras_imgdesc import ImageTextMatcher, TextToImage, VGG16Encoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.tasks import load_preset


@pytest.fixture(scope="module")
def presets(tmp_path_factory, toy_painter):
    """Folders of toy presets by their task."""
    folder = tmp_path_factory.mktemp("presets")
    matcher = ImageTextMatcher.build_parts(
        VGG16Encoder(image_size=32, width=0.0625),
        toy_painter.text_encoder,
        embedding_dim=4,
    )
    tasks = {TextToImage: toy_painter, ImageTextMatcher: matcher}
    for kind, task in tasks.items():
        task.save_to_preset(folder / kind.__name__)
    return {kind: folder / kind.__name__ for kind in tasks}


def test_the_task_follows_from_the_preset(presets):
    for kind, folder in presets.items():
        assert type(load_preset(folder)) is kind


def test_the_precision_can_be_chosen(presets):
    task = load_preset(presets[ImageTextMatcher], "mixed_bfloat16")
    assert task.image_encoder.compute_dtype == "bfloat16"


@pytest.mark.parametrize(
    ("task", "rule"),
    [
        (None, "a text at `task`"),
        ("ImageTextCaptioner", "ImageCaptioner"),
        (["TextToImage"], "a text at `task`"),
    ],
    ids=str,
)
def test_an_unknown_task_is_named(presets, tmp_path, task, rule):
    config = json.loads((presets[TextToImage] / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"task": task}))
    with pytest.raises(InputError, match=rf"{rule}.*Received.*config\.json"):
        load_preset(tmp_path)


@pytest.mark.slow
def test_kerashub_is_imported_only_for_a_bert():
    code = (
        "import sys, keras_imgdesc.tasks; from keras_imgdesc import BertTextEncoder;"
        "assert 'keras_nlp' not in sys.modules"
    )
    root = str(Path(keras_imgdesc.__file__).parents[1])
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([root, *sys.path])},
    )
