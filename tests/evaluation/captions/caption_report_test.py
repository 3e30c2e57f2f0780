import json
from html.parser import HTMLParser

import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.evaluation.captions.caption_evaluation import score_captions
from keras_imgdesc.evaluation.captions.caption_metrics import build_metrics
from keras_imgdesc.evaluation.captions.caption_report import write_caption_report

ATTACK = "<script>alert(1)</script>"
WORDS = ["red", "blue", "green", "black", "white", "brown"]


class Page(HTMLParser):
    """The headings, images, tags and text of a page."""

    def __init__(self, path):
        super().__init__()
        self.images, self.tags, self.text, self.sections = [], [], "", {}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attributes))
            self.sections.setdefault(self.heading, []).append(self.images[-1]["alt"])

    def handle_data(self, data):
        self.text += data
        if self.tags[-1] == "h2" and data.strip():
            self.heading = data
            self.tags.append("")


@pytest.fixture
def collection():
    """Images of grey walls with a colour in each caption."""
    return CaptionCollection(
        [
            CaptionedImage(
                str(i),
                None,
                (f"a {word} wall", ATTACK),
                np.full((9, 9, 3), i, np.uint8),
            )
            for i, word in enumerate(WORDS)
        ]
    )


@pytest.fixture
def evaluate(collection):
    def call(captions, failed=None):
        metrics = build_metrics("rouge_l", "cider_d")
        return score_captions(
            captions, collection, metrics, num_resamples=20, failed=failed
        )

    return call


def test_models_are_shown_side_by_side(tmp_path, evaluate):
    right = [f"a {word} wall" for word in WORDS]
    found = {
        "right": evaluate(right),
        "<b>half": evaluate([*right[:3], *["a dog"] * 3]),
    }
    path = write_caption_report(found, tmp_path / "new/it.html", num_images=2)
    assert path == tmp_path / "new/it.html"
    assert [p.name for p in path.parent.iterdir()] == ["it.html"]
    page = Page(path)
    assert page.sections == {
        "Best": ["a red wall", "a blue wall"],
        "Worst": ["a brown wall", "a white wall"],
        "Most different": ["a black wall", "a white wall"],
        "Samples": right,
    }
    assert {"script", "b"}.isdisjoint(page.tags) and ATTACK in page.text
    assert all(i["src"].startswith("data:image/jpeg;base64,") for i in page.images)
    for heading in ("right", "<b>half", "<b>half - right", "rouge_l", "cider_d"):
        assert heading in page.text
    value = found["right"].metrics["rouge_l"]
    low, high = found["right"].intervals()["rouge_l"]
    assert f"{value:.2f} ({low:.2f} to {high:.2f})" in page.text
    # Both captions of the last image, each with its score.
    last = page.text.rindex("a brown wall")
    shown = page.text[page.text.rindex("right CIDEr-D", 0, last) :]
    assert "<b>half CIDEr-D 0.00a dog" in shown


def test_nothing_is_loaded_from_elsewhere(tmp_path, evaluate):
    path = write_caption_report({"one": evaluate(["a"] * 6)}, tmp_path / "it.html")
    content = path.read_text("utf-8")
    for word in ("http", "<link", "<script", "url("):
        assert word not in content


def test_one_model_has_no_differences(tmp_path, evaluate):
    only = evaluate([f"a {word} wall" for word in WORDS], {"broken": "No image."})
    page = Page(write_caption_report({"mine": only}, tmp_path / "folder"))
    assert set(page.sections) == {"Best", "Samples"}
    assert "mine CIDEr-D" not in page.text and "could not be read: broken" in page.text
    content = json.loads((tmp_path / "folder/captions.json").read_text())
    assert content["summary"] == only.summary()
    assert content["captions"][0] == {
        "image_id": "0",
        "caption": "a red wall",
        "references": ["a red wall", ATTACK],
    }


def test_a_folder_has_the_captions_of_all_models(tmp_path, evaluate):
    found = {"x": evaluate(["a"] * 6), "y": evaluate(["b"] * 6)}
    path = write_caption_report(found, tmp_path / "folder")
    assert path == tmp_path / "folder/index.html"
    content = json.loads((tmp_path / "folder/captions.json").read_text())
    assert content["captions"][5]["captions"] == {"x": "a", "y": "b"}
    assert content["summary"]["y"] == found["y"].summary()
