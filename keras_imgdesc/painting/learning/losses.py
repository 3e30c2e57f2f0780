"""What discriminator and generator are trained for."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_imgdesc.errors import InputError

ADVERSARIAL_LOSSES = ("hinge", "non_saturating")


def discriminator_loss(
    real: Any, fake: Any, mismatched: Any, kind: str = "hinge"
) -> Any:
    """The matching-aware loss: real pictures with wrong words count as fake.

    Args:
        real: scores of real pictures with their words, float (batch,).
        fake: of painted pictures with their words.
        mismatched: of real pictures with wrong words; any number, or None.
        kind: `"hinge"` or `"non_saturating"`.

    Returns:
        A scalar: the loss of real pictures, plus that of the two sorts of fakes, half
        each.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import discriminator_loss
    >>> high, low = np.full(4, 2.0, "float32"), np.full(4, -2.0, "float32")
    >>> float(discriminator_loss(high, low, low)), float(
    ...     discriminator_loss(high, low, high))
    (0.0, 1.5)

    Reference:
        Reed et al., "Generative Adversarial Text to Image Synthesis",
        https://arxiv.org/abs/1605.05396
    """
    below = _below(kind)
    if mismatched is None:
        return ops.mean(below(-real)) + ops.mean(below(fake))
    fakes = ops.mean(below(fake)) + ops.mean(below(mismatched))
    return ops.mean(below(-real)) + 0.5 * fakes


def generator_loss(fake: Any, kind: str = "hinge") -> Any:
    """How far painted pictures are from counting as real.

    Args:
        fake: scores, float (batch,).
        kind: as in `discriminator_loss`.
    """
    _below(kind)
    return -ops.mean(fake) if kind == "hinge" else ops.mean(ops.softplus(-fake))


def coarse_distance(first: Any, second: Any) -> Any:
    """Mean squared difference of pictures at a quarter of their resolution.

    Args:
        first, second: float (batch, size, size, 3).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import coarse_distance
    >>> fine = np.indices((8, 8)).sum(axis=0) % 2.0
    >>> pictures = np.tile(fine[None, ..., None], (1, 1, 1, 3)).astype("float32")
    >>> float(coarse_distance(pictures, 1 - pictures))
    0.0
    """
    apart = ops.average_pool(ops.cast(first - second, "float32"), 4, 4)
    return ops.mean(ops.square(apart))


def gradient_penalty(
    image_gradient: Any, sentence_gradient: Any, power: float = 6.0
) -> Any:
    """The matching-aware gradient penalty, to be multiplied with 2.

    Args:
        image_gradient: of the scores of real pictures with their words with respect
            to the pictures, (batch, ...).
        sentence_gradient: with respect to the sentences, (batch, dim).
        power: of the sum of both norms.

    Reference:
        Tao et al., "DF-GAN: A Simple and Effective Baseline for Text-to-Image
        Synthesis", https://arxiv.org/abs/2008.05865
    """
    norms = [
        ops.sqrt(ops.sum(ops.square(ops.reshape(g, (ops.shape(g)[0], -1))), 1) + 1e-12)
        for g in (
            ops.cast(image_gradient, "float32"),
            ops.cast(sentence_gradient, "float32"),
        )
    ]
    return ops.mean((norms[0] + norms[1]) ** power)


def normal_divergence(mean: Any, log_variance: Any) -> Any:
    """KL of normal distributions from the standard normal one, the mean over a batch.

    Args:
        mean, log_variance: float (batch, dim).
    """
    each = ops.square(mean) + ops.exp(log_variance) - log_variance - 1.0
    return 0.5 * ops.mean(ops.sum(each, axis=-1))


def detail(pixels: Any) -> Any:
    """How far pixels are from the mean of what is around them.

    Large all over a small thing, of a large one along its rim.

    Args:
        pixels: float (batch, size, size, 3) in [-1, 1].

    Returns:
        float (batch, size, size, 1) from 0 to 2, the mean over the colours; what is
        around is a square whose side is a quarter of the size, and one.
    """
    blur = ops.average_pool(pixels, pixels.shape[1] // 4 + 1, 1, padding="same")
    return ops.mean(ops.abs(pixels - blur), axis=-1, keepdims=True)


def matching_cross_entropy(scores: Any, same: Any = None) -> Any:
    """The symmetric softmax of painted pictures and their texts.

    Args:
        scores: f(I, D), float (batch, batch or more); the text of a picture is in
            the column of its row's number, columns beyond are wrong texts.
        same: bool (batch, batch or more), which of the first columns are a picture's
            own text; None for no other than its row's.

    Reference:
        Xu et al., "AttnGAN: Fine-Grained Text to Image Generation with Attentional
        Generative Adversarial Networks", https://arxiv.org/abs/1711.10485
    """
    scores = ops.cast(scores, "float32")
    count = ops.shape(scores)[0]
    own = ops.diagonal(scores[:, :count])
    if same is not None:
        told = ops.shape(same)[1]
        other = ops.logical_and(
            same, ops.logical_not(ops.eye(count, told, dtype="bool"))
        )
        masked = ops.where(other, -1e9, scores[:, :told])
        scores = ops.concatenate([masked, scores[:, told:]], axis=1)
    of_texts = ops.logsumexp(scores, axis=1)
    of_pictures = ops.logsumexp(scores[:, :count], axis=0)
    return 0.5 * ops.mean(of_texts + of_pictures) - ops.mean(own)


def _below(kind: str) -> Any:
    """The loss of a score that should be far below zero."""
    if kind not in ADVERSARIAL_LOSSES:
        raise InputError(
            f"The loss must be one of {ADVERSARIAL_LOSSES}",
            "Choose one of them",
            loss=kind,
        )
    if kind == "hinge":
        return lambda scores: ops.relu(1.0 + scores)
    return ops.softplus
