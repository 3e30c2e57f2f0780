"""The training loss of captions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError


@keras.saving.register_keras_serializable("keras_imgdesc")
class CaptionLoss:
    """Compute label-smoothed cross-entropy of words, plus an attention penalty.

    Padding has weight 0 and changes nothing, whatever its length. The penalty is the
    doubly stochastic one, `sum over locations of (1 - sum over words of attention) **
    2`, averaged over the captions. It rewards attending to every location.

    Args:
        label_smoothing: probability spread over all words, in [0, 1).
        attention_penalty: weight of the penalty, 0 or more.
        normalization: `"tokens"` divides the sum over the batch by the sum of the
            weights. `"captions"` divides it by the number of captions, so that the
            average over replicas is the same for any number of them.

    Call arguments:
        token_ids: the words to predict, int (batch, words).
        outputs: `{"logits": (batch, words, vocabulary), "attention": (batch, words,
            locations)}`.
        sample_weight: float (batch, words), 0 at padding; None means 1.

    Returns:
        A float32 scalar.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.losses import CaptionLoss
    >>> outputs = {"logits": np.zeros((1, 2, 8), "float32")}
    >>> round(float(CaptionLoss()(np.array([[4, 3]]), outputs)), 4)  # log 8
    2.0794

    Reference:
        Szegedy et al., "Rethinking the Inception Architecture" (label smoothing),
        https://arxiv.org/abs/1512.00567; Xu et al., "Show, Attend and Tell" (the
        penalty), https://arxiv.org/abs/1502.03044
    """

    def __init__(
        self,
        label_smoothing: float = 0.1,
        attention_penalty: float = 0.0,
        normalization: str = "tokens",
    ) -> None:
        if not 0 <= label_smoothing < 1:
            raise InputError(
                "label_smoothing must be in [0, 1)",
                "Use for example 0.1",
                label_smoothing=label_smoothing,
            )
        if attention_penalty < 0:
            raise InputError(
                "attention_penalty must be 0 or more",
                "Use 0 for no penalty",
                attention_penalty=attention_penalty,
            )
        if normalization not in ("tokens", "captions"):
            raise InputError(
                "normalization must be 'tokens' or 'captions'",
                "Use one of ['tokens', 'captions']",
                normalization=normalization,
            )
        self.label_smoothing = label_smoothing
        self.attention_penalty = attention_penalty
        self.normalization = normalization

    def __call__(
        self, token_ids: Any, outputs: dict[str, Any], sample_weight: Any = None
    ) -> Any:
        losses = token_losses(token_ids, outputs["logits"], self.label_smoothing)
        weights = _weights(losses, sample_weight)
        total = ops.sum(losses * weights)
        if self.normalization == "tokens":
            loss = total / ops.maximum(ops.sum(weights), 1e-6)
        else:
            loss = total / ops.cast(ops.shape(losses)[0], "float32")
        if self.attention_penalty:
            loss += self.attention_penalty * attention_penalty(
                outputs["attention"], weights
            )
        return loss

    def get_config(self) -> dict[str, Any]:
        return {
            "label_smoothing": self.label_smoothing,
            "attention_penalty": self.attention_penalty,
            "normalization": self.normalization,
        }


def token_losses(token_ids: Any, logits: Any, label_smoothing: float = 0.0) -> Any:
    """Return the cross-entropy of each word, float32 (batch, words).

    Args:
        token_ids: int (batch, words).
        logits: float (batch, words, vocabulary).
        label_smoothing: probability spread evenly over the vocabulary, in [0, 1).
    """
    logits = ops.cast(logits, "float32")
    log_normalizer = ops.logsumexp(logits, axis=-1)
    chosen = ops.take_along_axis(
        logits, ops.expand_dims(ops.cast(token_ids, "int32"), -1), axis=-1
    )[..., 0]
    # -log p of the word, and the mean of -log p over the vocabulary, without a one-hot
    # tensor as large as the logits.
    loss = log_normalizer - chosen
    if label_smoothing:
        spread = log_normalizer - ops.mean(logits, axis=-1)
        loss = (1 - label_smoothing) * loss + label_smoothing * spread
    return loss


def attention_penalty(attention: Any, weights: Any) -> Any:
    """Return the doubly stochastic penalty, a float32 scalar.

    Args:
        attention: float (batch, words, locations).
        weights: float (batch, words), 0 at padding.
    """
    attention = ops.cast(attention, "float32")
    total = ops.sum(attention * ops.expand_dims(weights, -1), axis=1)
    # A caption of weight 0 only pads the batch, and has attended to nothing.
    real = ops.cast(ops.max(weights, axis=1) > 0, "float32")
    penalties = ops.sum(ops.square(1.0 - total), axis=-1) * real
    return ops.sum(penalties) / ops.maximum(ops.sum(real), 1.0)


def _weights(losses: Any, sample_weight: Any) -> Any:
    if sample_weight is None:
        return ops.ones_like(losses)
    weights = ops.cast(sample_weight, "float32")
    if len(weights.shape) == 1:
        weights = ops.expand_dims(weights, 1)
    return ops.broadcast_to(weights, ops.shape(losses))
