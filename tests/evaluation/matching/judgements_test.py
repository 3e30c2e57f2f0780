import itertools
import math

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.data.readers.judgements import JudgedCaption, JudgementCollection
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.evaluation.matching.judgements import (
    evaluate_judgements,
    kendall_tau_c,
)
from keras_imgdesc.matching import ImageEmbeddings, MatchedTexts

RATINGS = {"bad": (1, 1, 2), "fair": (2, 2, 2), "good": (3, 4, 3), "perfect": (4, 4, 4)}
SCORES = {"bad": -1.0, "fair": 0.5, "good": 2.0, "perfect": 3.0}


def stuart(scores, ratings):
    """Tau-c by its definition: pairs in the same order less pairs in the other."""
    pairs = itertools.combinations(zip(scores, ratings, strict=True), 2)
    balance = sum(np.sign((a[0] - b[0]) * (a[1] - b[1])) for a, b in pairs)
    smaller = min(len(set(scores)), len(set(ratings)))
    return 100 * 2 * balance / (len(ratings) ** 2 * (smaller - 1) / smaller)


class ToyMatcher:
    """f(I, D) is the score of the text, whatever the image, plus a hundredth of it."""

    def __init__(self, scores):
        self.scores = scores

    def embed_images_stream(self, sources, batch_size):
        for source in sources:
            if source.name == "broken.png":
                yield source, ImageError("It is broken", "Copy it", image=source)
            else:
                level = np.array(Image.open(source)).flat[0] / 1e4
                yield source, (np.full(1, level), np.zeros((1, 1)))

    def embed_texts(self, texts, *, allow_unknown):
        vectors = np.array([[self.scores[text]] for text in texts])
        return MatchedTexts(vectors, vectors[:, None], np.ones((len(texts), 1), bool))

    def score(self, images: ImageEmbeddings, texts: MatchedTexts):
        return images.vectors + texts.vectors.T


@pytest.fixture
def judgements(tmp_path):
    judged = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        Image.new("L", (4, 4), number).save(path)
        for text, ratings in RATINGS.items():
            is_own = text == "perfect" and number == 0
            judged.append(JudgedCaption(path, text, ratings, is_own))
    return JudgementCollection(judged)


def evaluate(scores, judgements, **options):
    options = {"num_resamples": 0, "progress": False} | options
    return evaluate_judgements(ToyMatcher(scores), judgements, **options)


def test_tau_equals_its_definition(judgements):
    result = evaluate(SCORES, judgements)
    used = [one for one in judgements.judged if not one.is_own]
    scores, ratings = [], []
    for one in used:
        image = int(one.image.stem) / 1e4
        scores += [np.float32(SCORES[one.caption] + image)] * 3
        ratings += one.ratings
    assert result.tau_c == pytest.approx(stuart(scores, ratings))
    assert result.summary() == {
        "pictures": 6,
        "captions": 23,
        "ratings": 69,
        "own_captions_omitted": 1,
        "tau_c": round(result.tau_c, 2),
        "failed": 0,
    }


def test_a_matcher_that_agrees_ranks_higher(judgements):
    agreeing = evaluate(SCORES, judgements).tau_c
    opposed = evaluate({k: -v for k, v in SCORES.items()}, judgements).tau_c
    assert agreeing > 80 and opposed < -80


def test_own_captions_are_kept_on_request(judgements):
    result = evaluate(SCORES, judgements, keep_own=True)
    assert result.settings["captions"] == 24
    assert result.settings["own_captions_omitted"] == 0


def test_the_interval_comes_from_resampled_images(judgements):
    result = evaluate(SCORES, judgements, num_resamples=60, seed=3)
    assert result.resampled.shape == (60,)
    low, high = result.summary()["intervals"]["tau_c"]
    assert low < result.tau_c < high
    # The first resample, built by hand.
    drawn = np.random.default_rng(3).multinomial(6, [1 / 6] * 6, size=50)[0]
    scores, ratings = [], []
    for one in judgements.judged:
        if not one.is_own:
            number = int(one.image.stem)
            times = 3 * drawn[number]
            scores += [np.float32(SCORES[one.caption] + number / 1e4)] * times
            ratings += one.ratings * drawn[number]
    assert result.resampled[0] == pytest.approx(stuart(scores, ratings))


def test_a_broken_image_is_named_and_the_others_count(judgements, tmp_path):
    broken = JudgedCaption(tmp_path / "broken.png", "bad", (1.0, 1.0), False)
    more = JudgementCollection([*judgements.judged, broken])
    result = evaluate(SCORES, more)
    assert list(result.failed) == ["broken.png"]
    assert result.tau_c == evaluate(SCORES, judgements).tau_c
    with pytest.raises(InputError, match="failed=1"):
        evaluate(SCORES, JudgementCollection([broken]))


def test_equal_ratings_or_scores_cannot_be_ranked(judgements):
    equal = [j for j in judgements.judged if j.caption == "fair"]
    with pytest.raises(InputError, match=r"ratings=\[2"):
        evaluate(SCORES, JudgementCollection(equal))
    assert math.isnan(kendall_tau_c(np.ones(3), np.arange(3)))


def test_only_own_captions_are_not_enough(judgements):
    own = [one for one in judgements.judged if one.is_own]
    with pytest.raises(InputError, match="own=1"):
        evaluate(SCORES, JudgementCollection(own))


def test_resamples_that_cannot_be_ranked_are_left_out(judgements):
    # Each of two images has one rating: half of the resamples draw one image twice.
    bad, good = judgements.judged[0], judgements.judged[6]
    assert bad.image != good.image and bad.caption != good.caption
    two = [JudgedCaption(one.image, one.caption, one.ratings[:1], False)
           for one in (bad, good)]  # fmt: skip
    result = evaluate(SCORES, JudgementCollection(two), num_resamples=200)
    assert 60 < len(result.resampled) < 140
    assert result.tau_c == 100 and (result.resampled == 100).all()
