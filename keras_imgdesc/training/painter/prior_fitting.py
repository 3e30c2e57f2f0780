"""Fitting of a noise prior to the noise that a VAE's encoder returns."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_imgdesc.painting import ConditionalVAE, NoisePrior, to_pixels
from keras_imgdesc.painting.layers.noise_prior import TURN
from keras_imgdesc.training.painter.batches import PainterBatches

# Standard deviation of the noise added to whitened sentences, whose values have 1, so
# that the texts of a few images are not memorized.
TEXT_NOISE = 0.3


def fit_noise_prior(
    model: ConditionalVAE,
    batches: PainterBatches,
    *,
    epochs: int,
    captions_per_image: int = 2,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    progress: bool = True,
) -> float:
    """Fit the `NoisePrior` of a trained VAE's generator, and of its moving average.

    The prior learns to map standard normal noise to the noise that the encoder returns
    for images, given their captions. A twentieth of the images is held out and decides
    when to stop.

    Args:
        model: trained VAE; its encoder and the rest of its generator do not change.
        batches: batches of its training, which have images, texts and the seed.
        epochs: maximum number of epochs.
        captions_per_image: maximum number of captions per image; the image is encoded
            once for each.
        batch_size: captions per step.
        learning_rate: initial learning rate of AdamW, which falls to 0 along half a
            cosine.
        progress: whether to print a line per epoch.

    Returns:
        The part of the squared velocity of held-out images that the prior predicts. It
        is 0 if the noise is standard normal given the text. If it is not above 0,
        nothing changes.

    Reference:
        Ghosh et al., "From Variational to Deterministic Autoencoders",
        https://arxiv.org/abs/1903.12436, on fitting a density after training; see also
        `NoisePrior`.
    """
    seed = batches.recipe.seed
    captions = _sample_captions(batches.image_of, captions_per_image, seed)
    image_of = batches.image_of[captions]
    sentences = batches.texts.sentences[batches.texts.of_caption[captions]]
    encoded = _encode(model, batches.images, image_of, sentences)
    condition = ops.convert_to_numpy(model.average.whitening(sentences))
    count = len(batches.images)
    is_trained = image_of < count - max(1, count // 20)
    train = _Noise(
        encoded, condition, np.flatnonzero(is_trained), batch_size, seed, TEXT_NOISE
    )
    # Drawn once, so that all epochs are compared on the same data.
    held_out = _Noise(encoded, condition, np.flatnonzero(~is_trained), batch_size, seed)
    parts = [held_out[i] for i in range(len(held_out))]
    given = {name: np.concatenate([x[name] for (x,) in parts]) for name in parts[0][0]}

    source = model.average.prior
    prior = NoisePrior.from_config(source.get_config() | {"trainable": True})
    prior.build(given["encoded"].shape, condition.shape)
    fitting = _Fitting(prior)
    prior.set_weights(source.get_weights())
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate, max(1, epochs * len(train))
    )
    fitting.compile(keras.optimizers.AdamW(schedule, weight_decay=0.01))
    best = keras.callbacks.EarlyStopping(
        patience=max(3, epochs // 5), restore_best_weights=True
    )
    fitting.fit(
        train,
        validation_data=(given, None),
        validation_batch_size=len(given["encoded"]),
        epochs=epochs,
        callbacks=[best],
        shuffle=False,
        verbose=2 if progress else 0,
    )
    still = float(np.mean(np.sum(_velocity(given) ** 2, axis=-1)))
    gain = still - float(ops.convert_to_numpy(fitting(given)))
    if gain > 0:
        for generator in (model.generator, model.average):
            generator.prior.set_weights(prior.get_weights())
    return gain


class _Noise(keras.utils.PyDataset):
    """Draws from the encoder's distributions, different in each epoch."""

    def __init__(
        self,
        encoded: dict[str, np.ndarray],
        condition: np.ndarray,
        rows: np.ndarray,
        batch_size: int,
        seed: int,
        text_noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.text_noise = text_noise
        self.encoded, self.condition, self.rows = encoded, condition, rows
        self.batch_size, self.seed, self.epoch = min(batch_size, len(rows)), seed, 0

    def __len__(self) -> int:
        return len(self.rows) // self.batch_size

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.rows)
        rows = order[index * self.batch_size : (index + 1) * self.batch_size]
        mean, deviation = self.encoded["mean"][rows], self.encoded["deviation"][rows]
        generator = np.random.default_rng([self.seed, self.epoch, index])
        drawn = generator.standard_normal(mean.shape, np.float32)
        condition = self.condition[rows]
        blur = generator.standard_normal(condition.shape, np.float32)
        return (
            {
                "encoded": mean + deviation * drawn,
                "drawn": generator.standard_normal(mean.shape, np.float32),
                "time": generator.random(len(rows), np.float32),
                "condition": condition + self.text_noise * blur,
            },
        )

    def on_epoch_end(self) -> None:
        self.epoch += 1


class _Fitting(keras.Model):
    """The squared error of the velocity that a prior predicts."""

    def __init__(self, prior: NoisePrior) -> None:
        # The prior computes in float32, and so must what it is compared with.
        super().__init__(name="prior_fitting", dtype="float32")
        self.prior = prior
        self.built = True

    def call(self, inputs: dict) -> float:
        angle = TURN * ops.expand_dims(inputs["time"], 1)
        noise = ops.cos(angle) * inputs["drawn"] + ops.sin(angle) * inputs["encoded"]
        predicted = self.prior.velocity(noise, inputs["time"], inputs["condition"])
        error = ops.square(predicted - _velocity(inputs))
        return ops.mean(ops.sum(error, axis=-1))

    def compute_loss(self, x=None, y=None, y_pred=None, *args, **kwargs):
        return y_pred


def _velocity(inputs: dict) -> Any:
    angle = TURN * ops.expand_dims(inputs["time"], 1)
    forward, back = ops.cos(angle) * inputs["encoded"], ops.sin(angle) * inputs["drawn"]
    return TURN * (forward - back)


def _sample_captions(image_of: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Choose up to `most` captions per image, given the image of each caption."""
    order = np.random.default_rng([seed, 3]).permutation(len(image_of))
    order = order[np.argsort(image_of[order], kind="stable")]
    counts = np.bincount(image_of)
    first = np.cumsum(counts) - counts
    rank = np.arange(len(image_of)) - np.repeat(first, counts)
    return order[rank < most]


def _encode(
    model: ConditionalVAE,
    images: np.ndarray,
    image_of: np.ndarray,
    sentences: np.ndarray,
    size: int = 256,
) -> dict[str, np.ndarray]:
    """Return mean and standard deviation of the noise for each caption."""
    columns: dict[str, list[np.ndarray]] = {"mean": [], "deviation": []}
    for start in range(0, len(image_of), size):
        rows = slice(start, start + size)
        image = to_pixels(images[image_of[rows]])
        outputs = model.encoder.predict_on_batch(
            {"image": image, "sentence": sentences[rows]}
        )
        columns["mean"].append(outputs["mean"])
        columns["deviation"].append(np.exp(0.5 * outputs["log_variance"]))
    return {name: np.concatenate(values) for name, values in columns.items()}
