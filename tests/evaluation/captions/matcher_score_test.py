import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.matcher_score import MatcherScore
from keras_imgdesc.evaluation.metric import Metric, ResampledMetric


@pytest.fixture(scope="module")
def matcher():
    import keras

    from keras_imgdesc import CompactTextEncoder, ImageTextMatcher, VGG16Encoder
    from keras_imgdesc.text import CaptionTokenizer, Vocabulary

    keras.utils.set_random_seed(0)
    tokenizer = CaptionTokenizer(Vocabulary(["a", "dog", "cat", "red"]), 6)
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    text_encoder = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)
    return ImageTextMatcher.build_parts(encoder, text_encoder, embedding_dim=8)


@pytest.fixture(scope="module")
def images():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)
    return CaptionCollection(
        [CaptionedImage(str(i), None, ("a dog",), p) for i, p in enumerate(pixels)]
    )


CAPTIONS = ["a dog", "a red cat", "red", "cat dog a"] * 10


def test_the_score_is_the_mean_of_the_matcher_of_each_pair(matcher, images):
    metric = MatcherScore(matcher, "mine")
    assert isinstance(metric, Metric) and isinstance(metric, ResampledMetric)
    pixels = [example.source for example in images]
    each = np.diagonal(matcher.score(pixels, CAPTIONS))
    found = metric.compute(CAPTIONS, images)["matcher_score"]
    assert found == pytest.approx(each.mean(), abs=1e-4)
    counts = np.zeros((1, 40), int)
    counts[0, [0, 39]] = 30, 10
    sampled = metric.sampler(CAPTIONS, images)(counts)["matcher_score"]
    expected = 0.75 * each[0] + 0.25 * each[39]
    np.testing.assert_allclose(sampled, expected, atol=1e-4)
    assert metric.settings == {"matcher": "mine"}


def test_images_are_embedded_once_for_all_captions(matcher, images, monkeypatch):
    metric = MatcherScore(matcher)
    first = metric.compute(CAPTIONS, images)
    monkeypatch.setattr(matcher._functions, "images", None)
    again = CaptionCollection(list(images.examples))
    assert metric.compute(CAPTIONS, again) == first
    assert metric.compute(CAPTIONS[::-1], again) != first


def test_empty_captions_are_counted_and_score_0(matcher, images):
    metric = MatcherScore(matcher)
    whole = metric.compute(CAPTIONS, images)
    assert whole["empty_captions"] == 0
    found = metric.compute([" ", *CAPTIONS[1:39], ""], images)
    pixels = [images[0].source, images[39].source]
    missing = np.trace(matcher.score(pixels, [CAPTIONS[0], CAPTIONS[39]]))
    expected = whole["matcher_score"] - missing / 40
    assert found["matcher_score"] == pytest.approx(expected, abs=1e-4)
    assert found["empty_captions"] == 2
    nothing = metric.compute([""] * 40, images)
    assert nothing == {"matcher_score": 0, "empty_captions": 40}


def test_as_many_captions_as_images_are_needed(matcher, images):
    with pytest.raises(InputError, match="captions=2, images=40"):
        MatcherScore(matcher).compute(["a", "b"], images)
