import json
from html.parser import HTMLParser

import numpy as np
import pytest

from keras_imgdesc.captioning import ImageCaptioner, LSTMDecoder
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.caption_report import write_caption_report
from keras_imgdesc.evaluation.captions.evaluate_captions import (
    CaptionEvaluation,
    evaluate_captions,
)
from keras_imgdesc.evaluation.captions.free_running import (
    compile_search,
    describe_features,
)
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.vision import VGG16Encoder


@pytest.fixture(scope="module")
def captioner():
    tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "dog"]), 6)
    encoder = VGG16Encoder(image_size=32, width=0.125)
    decoder = LSTMDecoder(7, encoder.feature_map_shape, 8, 8, 2, feature_dim=8)
    return ImageCaptioner(encoder, decoder, tokenizer)


@pytest.fixture
def collection(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"not an image")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8)
    examples = [
        CaptionedImage(f"{i}", None, ("a red dog",), p) for i, p in enumerate(pixels)
    ]
    broken = CaptionedImage("broken", tmp_path / "broken.jpg", ("a dog",))
    return CaptionCollection([*examples[:1], broken, *examples[1:]])


def test_an_unreadable_image_is_named_and_the_others_are_scored(captioner, collection):
    result = evaluate_captions(captioner, collection, num_beams=2, progress=False)
    assert list(result.failed) == ["broken"] and "broken.jpg" in result.failed["broken"]
    assert len(result.captions) == 3
    sources = [example.source for example in result.examples]
    assert result.captions == captioner.generate(sources, num_beams=2)
    summary = result.summary()
    assert summary["pictures"] == 3 and summary["num_beams"] == 2
    assert {"bleu_1", "bleu_4", "cider_d"} <= set(summary)


def test_a_collection_without_a_readable_image_is_refused(captioner, collection):
    with pytest.raises(InputError, match="images=1"):
        evaluate_captions(captioner, CaptionCollection([collection[1]]), progress=False)


def test_captions_of_features_equal_those_of_the_images(captioner, collection):
    sources = [e.source for e in collection if e.path is None]
    pixels = np.stack([s[:32, :32] for s in sources])
    features = np.asarray(captioner.image_encoder(pixels))
    search = compile_search(captioner.decoder, captioner.tokenizer, num_beams=2)
    batches = [features[:2], features[2:]]
    texts = describe_features(search, captioner.tokenizer, batches)
    assert texts == captioner.generate(list(pixels), num_beams=2)


class _Page(HTMLParser):
    """The images, tags and text of a page."""

    def __init__(self):
        super().__init__()
        self.images, self.text, self.tags = [], "", []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attributes))

    def handle_data(self, data):
        self.text += data


def test_the_report_shows_images_and_escapes_texts(tmp_path):
    image = np.full((30, 60, 3), 200, np.uint8)
    examples = [CaptionedImage("1", None, ("<script>alert(1)</script>",), image)]
    evaluation = CaptionEvaluation(
        {"bleu_4": 12.345}, {"num_beams": 3}, examples, ['"a" <b> & c'], {}
    )
    page = write_caption_report(evaluation, tmp_path / "report")
    parser = _Page()
    parser.feed(page.read_text())
    assert "script" not in parser.tags and "<script>alert(1)</script>" in parser.text
    assert [i["alt"] for i in parser.images] == ['"a" <b> & c']
    assert parser.images[0]["src"].startswith("data:image/jpeg;base64,")
    assert "12.35" in parser.text or "12.34" in parser.text
    content = json.loads((tmp_path / "report/captions.json").read_text())
    assert content["captions"][0]["caption"] == '"a" <b> & c'
