import numpy as np
import pytest

from keras_imgdesc.captioning import CaptionLoss
from keras_imgdesc.errors import InputError

TOKEN_IDS = np.array([[4, 5, 3], [6, 3, 0]], "int32")
WEIGHTS = np.array([[1, 1, 1], [1, 1, 0]], "float32")


@pytest.fixture
def outputs():
    generator = np.random.default_rng(0)
    attention = generator.random((2, 3, 4)).astype("float32")
    return {
        "logits": generator.normal(size=(2, 3, 8)).astype("float32"),
        "attention": attention / attention.sum(-1, keepdims=True),
    }


def log_probs(logits):
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_label_smoothing_is_cross_entropy_with_smoothed_targets(outputs):
    target = np.eye(8)[TOKEN_IDS] * 0.8 + 0.2 / 8
    each = -(target * log_probs(outputs["logits"])).sum(-1)
    expected = (each * WEIGHTS).sum() / 5
    loss = CaptionLoss(label_smoothing=0.2)(TOKEN_IDS, outputs, WEIGHTS)
    np.testing.assert_allclose(float(loss), expected, rtol=1e-5)
    per_caption = CaptionLoss(0.2, normalization="captions")
    loss = per_caption(TOKEN_IDS, outputs, WEIGHTS)
    np.testing.assert_allclose(float(loss), expected * 5 / 2, rtol=1e-5)


@pytest.mark.parametrize("normalization", ["tokens", "captions"])
def test_more_padding_changes_nothing(outputs, normalization):
    loss = CaptionLoss(0.1, attention_penalty=0.7, normalization=normalization)
    longer = {
        name: np.concatenate([x, 9 * np.ones_like(x)], axis=1)
        for name, x in outputs.items()
    }
    padded = np.concatenate([TOKEN_IDS, np.zeros_like(TOKEN_IDS)], axis=1)
    weights = np.concatenate([WEIGHTS, np.zeros_like(WEIGHTS)], axis=1)
    np.testing.assert_allclose(
        float(loss(TOKEN_IDS, outputs, WEIGHTS)),
        float(loss(padded, longer, weights)),
        rtol=1e-6,
    )


def test_the_mean_of_two_replicas_is_the_loss_of_both(outputs):
    loss = CaptionLoss(0.1, normalization="captions")
    parts = [
        float(loss(TOKEN_IDS[i], {k: x[i] for k, x in outputs.items()}, WEIGHTS[i]))
        for i in (slice(0, 1), slice(1, 2))
    ]
    together = float(loss(TOKEN_IDS, outputs, WEIGHTS))
    np.testing.assert_allclose(np.mean(parts), together, rtol=1e-5)


def test_the_penalty_is_doubly_stochastic(outputs):
    plain = float(CaptionLoss(0.1)(TOKEN_IDS, outputs, WEIGHTS))
    loss = CaptionLoss(0.1, attention_penalty=0.5)
    attended = (outputs["attention"] * WEIGHTS[..., None]).sum(1)
    expected = plain + 0.5 * ((1 - attended) ** 2).sum(-1).mean()
    np.testing.assert_allclose(
        float(loss(TOKEN_IDS, outputs, WEIGHTS)), expected, rtol=1e-5
    )


def test_captions_without_weight_do_not_count(outputs):
    loss = CaptionLoss(0.1, attention_penalty=0.5)
    alone = float(loss(TOKEN_IDS[:1], {k: x[:1] for k, x in outputs.items()}))
    weights = np.array([[1, 1, 1], [0, 0, 0]], "float32")
    np.testing.assert_allclose(
        float(loss(TOKEN_IDS, outputs, weights)), alone, rtol=1e-5
    )
    nothing = float(loss(TOKEN_IDS, outputs, np.zeros((2, 3), "float32")))
    assert nothing == 0


@pytest.mark.parametrize(
    "setting",
    [{"label_smoothing": 1.0}, {"attention_penalty": -1}, {"normalization": "mean"}],
    ids=str,
)
def test_settings_out_of_range_are_refused(setting):
    (name,) = setting
    with pytest.raises(InputError, match=name):
        CaptionLoss(**setting)
