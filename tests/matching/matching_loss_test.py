"""The symmetric softmax, compared with loops."""

import numpy as np

from keras_imgdesc.matching.matching_loss import matching_loss

SCORES = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
OWNER = np.array([0, 0, 1, 2, 3, 1])
IMAGE_ID = np.array([7, 8, 9, 8])  # rows 1 and 3 are the same image


def losses_by_loops(negatives=None):
    image_losses, text_losses = [], []
    for text, row in enumerate(OWNER):
        candidates = [i for i in range(4) if i == row or IMAGE_ID[i] != IMAGE_ID[row]]
        odds = np.exp(SCORES[candidates, text])
        image_losses.append(-np.log(np.exp(SCORES[row, text]) / odds.sum()))
        candidates = [
            t for t in range(6) if t == text or IMAGE_ID[OWNER[t]] != IMAGE_ID[row]
        ]
        odds = np.exp(SCORES[row, candidates]).sum()
        if negatives is not None:
            odds += np.exp(negatives[row]).sum()
        text_losses.append(-np.log(np.exp(SCORES[row, text]) / odds))
    return image_losses, text_losses


def test_losses_are_log_probabilities_of_the_right_one():
    found = matching_loss(SCORES, OWNER, IMAGE_ID)
    np.testing.assert_allclose(found, losses_by_loops(), rtol=1e-5)


def test_negatives_count_for_their_own_image_only():
    negatives = np.random.default_rng(1).normal(size=(4, 2)).astype("float32")
    found = matching_loss(SCORES, OWNER, IMAGE_ID, negatives)
    np.testing.assert_allclose(found, losses_by_loops(negatives), rtol=1e-5)


def test_captions_of_the_same_image_are_not_negatives():
    scores = np.full((2, 3), -50.0, "float32")
    scores[0, :2] = scores[1, 2] = 50.0  # two captions of the first image
    _, text_loss = matching_loss(scores, [0, 0, 1], [0, 1])
    np.testing.assert_allclose(text_loss, 0.0, atol=1e-6)


def test_equal_texts_of_different_images_are_not_negatives():
    # The last text, of the second image, equals the first, and the first image's, too.
    scores = np.array([[50.0, 0.0, 50.0], [50.0, -50.0, 50.0]], "float32")
    is_right = np.array([[True, True, True], [True, False, True]])
    found = matching_loss(scores, [0, 0, 1], [0, 1], is_right=is_right)
    np.testing.assert_allclose(found, 0.0, atol=1e-6)
