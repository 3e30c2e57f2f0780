"""Losses of painters."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_imgdesc.errors import InputError

ADVERSARIAL_LOSSES = ("hinge", "non_saturating")


def discriminator_loss(
    real: Any, fake: Any, mismatched: Any, kind: str = "hinge"
) -> Any:
    """Compute the matching-aware loss: real images with mismatched texts count as fake.

    Args:
        real: float (batch,), scores of real images with their texts.
        fake: float (batch,), scores of painted images with their texts.
        mismatched: float, any shape, scores of real images with mismatched texts; None
            for none.
        kind: `"hinge"` or `"non_saturating"`.

    Returns:
        Scalar: the loss of the real images plus half the loss of each kind of fakes.

    Raises:
        InputError: `kind` is unknown.

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
    """Compute the adversarial loss of a generator, a scalar.

    Args:
        fake: float (batch,), scores of painted images.
        kind: see `discriminator_loss`.

    Raises:
        InputError: `kind` is unknown.
    """
    _below(kind)
    return -ops.mean(fake) if kind == "hinge" else ops.mean(ops.softplus(-fake))


def coarse_distance(first: Any, second: Any) -> Any:
    """Compute the mean squared difference of images at a quarter of their resolution.

    Args:
        first, second: float (batch, size, size, 3).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import coarse_distance
    >>> fine = np.indices((8, 8)).sum(axis=0) % 2.0
    >>> images = np.tile(fine[None, ..., None], (1, 1, 1, 3)).astype("float32")
    >>> float(coarse_distance(images, 1 - images))
    0.0
    """
    difference = ops.average_pool(
        ops.cast(first - second, "float32"), 4, 4, data_format="channels_last"
    )
    return ops.mean(ops.square(difference))


def gradient_penalty(
    image_gradient: Any, sentence_gradient: Any, power: float = 6.0
) -> Any:
    """Compute the matching-aware gradient penalty, a scalar; its usual weight is 2.

    Args:
        image_gradient: (batch, ...), gradient of the scores of real images with their
            texts with respect to the images.
        sentence_gradient: (batch, dim), gradient with respect to the sentences.
        power: exponent of the sum of both norms.

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
    """Compute the mean KL divergence from the standard normal distribution.

    Args:
        mean, log_variance: float (batch, dim), normal distributions.

    Returns:
        Scalar, the mean over the batch of the sum over the dimensions.
    """
    each = ops.square(mean) + ops.exp(log_variance) - log_variance - 1.0
    return 0.5 * ops.mean(ops.sum(each, axis=-1))


def detail(pixels: Any) -> Any:
    """Compute the distance of pixels from their local mean.

    It is large all over a small object, and along the edges of a large one.

    Args:
        pixels: float (batch, size, size, 3) in [-1, 1].

    Returns:
        float (batch, size, size, 1) from 0 to 2, averaged over the colours. The local
        mean is that of a square of side `size // 4 + 1`.
    """
    blur = ops.average_pool(
        pixels, pixels.shape[1] // 4 + 1, 1, padding="same", data_format="channels_last"
    )
    return ops.mean(ops.abs(pixels - blur), axis=-1, keepdims=True)


def matching_cross_entropy(scores: Any, same: Any = None) -> Any:
    """Compute the symmetric cross-entropy of painted images and their texts.

    Args:
        scores: f(I, D), float (images, images or more). The text of an image is in the
            column with the number of its row; further columns are other texts.
        same: bool (images, images or more), whether a text is right for an image, for
            some or all columns; None if all texts differ.

    Returns:
        Scalar, the mean of both directions.

    Reference:
        Xu et al., "AttnGAN: Fine-Grained Text to Image Generation with Attentional
        Generative Adversarial Networks", https://arxiv.org/abs/1711.10485
    """
    scores = ops.cast(scores, "float32")
    count = ops.shape(scores)[0]
    own = ops.diagonal(scores[:, :count])
    if same is not None:
        known = ops.shape(same)[1]
        other = ops.logical_and(
            same, ops.logical_not(ops.eye(count, known, dtype="bool"))
        )
        masked = ops.where(other, -1e9, scores[:, :known])
        scores = ops.concatenate([masked, scores[:, known:]], axis=1)
    of_texts = ops.logsumexp(scores, axis=1)
    of_images = ops.logsumexp(scores[:, :count], axis=0)
    return 0.5 * ops.mean(of_texts + of_images) - ops.mean(own)


def right_texts(data: Any) -> Any:
    """Return whether each text of a batch is right for each image, bool (batch, batch).

    Args:
        data: batch with `"is_right"`, or with `"text_id"`, int (batch,), equal for
            equal texts, if each image has one text.
    """
    if "is_right" in data:
        return ops.cast(data["is_right"], "bool")
    return ops.equal(data["text_id"][:, None], data["text_id"][None])


def _below(kind: str) -> Any:
    """Return the loss of a score that should be far below zero."""
    if kind not in ADVERSARIAL_LOSSES:
        raise InputError(
            f"The loss must be one of {list(ADVERSARIAL_LOSSES)}",
            f"Use one of {list(ADVERSARIAL_LOSSES)}",
            loss=kind,
        )
    if kind == "hinge":
        return lambda scores: ops.relu(1.0 + scores)
    return ops.softplus
