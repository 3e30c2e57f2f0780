import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.evaluation.matching.retrieval_metrics import (
    RetrievalRecall,
    retrieval_metrics,
)


def test_ranks_equal_a_count_by_hand():
    scores = np.zeros((12, 12))
    np.fill_diagonal(scores, 1.0)
    scores[0, 1:4] = 2.0  # the first image prefers three wrong texts
    scores[5:, 4] = 3.0  # the fifth text prefers seven wrong images
    found = retrieval_metrics(scores, np.arange(12))
    # The texts 1 to 3 have one wrong image above their own, text 4 has seven.
    assert found["text_to_image_recall_1"] == pytest.approx(100 * 8 / 12)
    assert found["text_to_image_recall_5"] == pytest.approx(100 * 11 / 12)
    assert found["text_to_image_recall_10"] == 100
    # Image 0 is at rank 4, images 5 to 11 have text 4 above their own.
    assert found["image_to_text_recall_1"] == pytest.approx(100 * 4 / 12)
    assert found["image_to_text_recall_5"] == 100
    assert found["image_to_text_median_rank"] == 2
    assert found["text_to_image_median_rank"] == 1
    recalls = [value for name, value in found.items() if "_recall_" in name]
    assert len(recalls) == 6 and found["recall"] == pytest.approx(np.mean(recalls))


def test_the_best_of_an_images_own_captions_counts():
    scores = np.array([[0.0, 9.0, 5.0, 1.0], [1.0, 0.0, 2.0, 3.0]])
    found = retrieval_metrics(scores, [0, 0, 1, 1])
    assert found["image_to_text_recall_1"] == 100


def test_a_tie_counts_as_wrong():
    found = retrieval_metrics(np.zeros((2, 2)), [0, 1])
    assert found["image_to_text_recall_1"] == found["text_to_image_recall_1"] == 0


def test_the_metric_asks_for_all_scores_and_knows_the_owners():
    collection = CaptionCollection(
        [
            CaptionedImage("a", None, ("1", "2", "3"), b"jpeg"),
            CaptionedImage("b", None, ("4",), b"jpeg"),
        ]
    )

    def score(which, texts):
        assert (which, list(texts)) == (slice(0, 2), ["1", "2", "3", "4"])
        return np.array([[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])

    metric = RetrievalRecall()
    found = metric.compute(score, collection)
    assert found[metric.name] == 100 and metric.higher_is_better


def test_every_image_with_an_equal_text_is_right():
    texts = ("A rose.", "red"), ("a rose",), ("a daisy",)
    collection = CaptionCollection(
        [CaptionedImage(str(i), None, several, b"") for i, several in enumerate(texts)]
    )
    scores = np.array(
        [
            [1.0, 0.0, 3.0, 2.0],  # the best text is that of the second image, "a rose"
            [4.0, 0.0, 3.0, 3.0],  # and here it is "A rose." of the first
            [0.0, 1.0, 0.0, 4.0],
        ]
    )
    found = RetrievalRecall().compute(lambda which, texts: scores, collection)
    assert found["image_to_text_recall_1"] == 100
    # "red" alone finds a wrong image first.
    assert found["text_to_image_recall_1"] == 75


def test_a_score_that_is_not_a_number_counts_as_wrong():
    found = retrieval_metrics(np.full((20, 20), np.nan), np.arange(20))
    assert found["recall"] == 0
