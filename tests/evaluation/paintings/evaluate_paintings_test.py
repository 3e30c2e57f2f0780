import json

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.closed_loop import ClosedLoop
from keras_imgdesc.evaluation.paintings.diversity import Diversity
from keras_imgdesc.evaluation.paintings.evaluate_paintings import evaluate_paintings
from keras_imgdesc.evaluation.paintings.report import write_painting_report
from keras_imgdesc.evaluation.paintings.scene_accuracy import SceneAccuracy
from keras_imgdesc.images import resize_image


@pytest.fixture(scope="module")
def scenes():
    return draw_scenes("validation", 30)


@pytest.fixture(scope="module")
def painter(scenes):
    """Paint what a text says, except for every third text of the collection."""
    images = {
        caption: resize_image(scenes[(i + 1) % 30 if i % 3 == 0 else i].image, 64)
        for i in range(30)
        for caption in scenes[i].captions
    }
    calls = []

    def paint(texts, seed):
        calls.append(len(texts))
        return np.stack([images[text] for text in texts])

    paint.calls = calls
    return paint


@pytest.fixture(scope="module")
def evaluation(painter, scenes):
    def describe(images):
        return ["a small red star"] * len(images)

    metrics = [SceneAccuracy(), ClosedLoop(describe, "constant"), Diversity(4, 2)]
    return evaluate_paintings(
        painter, scenes, metrics, describe=describe, progress=False
    )


def test_each_metric_adds_its_numbers_and_settings(evaluation, painter):
    assert evaluation.metrics["scene_exact"] == pytest.approx(100 * 20 / 30, abs=4)
    assert evaluation.metrics["loop_objects"] < 10
    assert evaluation.metrics["diversity"] < 1e-6
    summary = evaluation.summary()
    assert summary["loop_captioner"] == "constant"
    assert summary["pictures"] == 30 and summary["picture_size"] == 64
    assert summary["text"] == "captions"
    # Once for the sheet, once for both metrics of all texts, and once for diversity.
    assert painter.calls == [24, 30, 8]


def test_the_report_shows_all_images(evaluation, tmp_path):
    page = write_painting_report(evaluation, tmp_path / "report")
    text = page.read_text()
    assert text.count("<img") == 24 and "a small red star" in text
    for name in ("scene_exact", "loop_objects"):
        assert name in text
    content = json.loads((page.parent / "generator.json").read_text())
    assert content["summary"] == evaluation.summary()
    assert content["texts"] == evaluation.texts
    with Image.open(page.parent / "sheet.png") as sheet:
        assert sheet.width > 6 * 128
    assert len(list(page.parent.iterdir())) == 3


def test_an_unreadable_image_is_named_and_omitted(painter, scenes):
    broken = CaptionedImage("broken", None, ("a small red star",), b"not an image")
    mixed = CaptionCollection([broken, *scenes.examples[:5]])
    found = evaluate_paintings(painter, mixed, [Diversity(2, 2)], progress=False)
    assert list(found.failed) == ["broken"] and found.settings["pictures"] == 5
    with pytest.raises(InputError, match="images=1"):
        evaluate_paintings(painter, CaptionCollection([broken]), [], progress=False)
