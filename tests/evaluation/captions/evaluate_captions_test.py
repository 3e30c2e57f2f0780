import numpy as np
import pytest

from keras_imgdesc.captioning import ImageCaptioner, LSTMDecoder
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.caption_metrics import build_metrics
from keras_imgdesc.evaluation.captions.evaluate_captions import evaluate_captions
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
    assert {"bleu_1", "bleu_4", "rouge_l", "cider_d"} <= set(summary["intervals"])
    assert summary["failed"] == 1


def test_metrics_and_resamples_can_be_chosen(captioner, collection):
    result = evaluate_captions(
        captioner,
        collection,
        build_metrics("rouge_l"),
        num_resamples=5,
        limit=1,
        progress=False,
    )
    assert list(result.metrics) == ["rouge_l"] and len(result.captions) == 1
    assert result.resampled["rouge_l"].shape == (5,)


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
