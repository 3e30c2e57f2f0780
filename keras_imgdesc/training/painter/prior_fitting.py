"""Fits the noise of a painter to what a VAE's encoder finds."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_imgdesc.painting import ConditionalVAE, NoisePrior, to_pixels
from keras_imgdesc.painting.layers.noise_prior import TURN
from keras_imgdesc.training.painter.batches import PainterBatches

# Deviation of what is added to a text's whitened sentence, whose numbers have one of 1,
# so that the texts of few pictures are not learned by heart.
TEXT_NOISE = 0.3


def fit_noise_prior(
    model: ConditionalVAE,
    batches: PainterBatches,
    *,
    epochs: int,
    captions_per_picture: int = 2,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    progress: bool = True,
) -> float:
    """Fits the `NoisePrior` of a trained VAE's generator, and of its moving average.

    The prior learns to go from standard normal noise to what the encoder finds in
    pictures, given their captions. A twentieth of the pictures is not trained on and
    tells when to stop.

    Args:
        model: its encoder and generator are done and stay as they are.
        batches: of its training; gives pictures, texts and the seed.
        epochs: at most; each is every chosen caption once.
        captions_per_picture: chosen of each picture's, at most; the encoder looks at
            the picture once for each.
        batch_size: captions in a step.
        learning_rate: of AdamW, falling to nothing along half a cosine.
        progress: print a line an epoch.

    Returns:
        How much of the squared velocity the prior foresees, of pictures that were not
        trained on; nothing can be foreseen of noise that is standard normal given the
        text. Where it is not above 0 nothing is changed.

    Reference:
        Ghosh et al., "From Variational to Deterministic Autoencoders",
        https://arxiv.org/abs/1903.12436, on densities that are fitted afterwards; and
        of `NoisePrior`.
    """
    seed = batches.recipe.seed
    captions = _some_captions(batches.picture, captions_per_picture, seed)
    picture = batches.picture[captions]
    sentences = batches.texts.sentences[batches.texts.of_caption[captions]]
    found = _found_noise(model, batches.images, picture, sentences)
    condition = ops.convert_to_numpy(model.average.whitening(sentences))
    pictures = len(batches.images)
    is_trained = picture < pictures - max(1, pictures // 20)
    train = _Noise(
        found, condition, np.flatnonzero(is_trained), batch_size, seed, TEXT_NOISE
    )
    # Drawn once: the same in each epoch, and a fair judge of both distributions.
    held_out = _Noise(found, condition, np.flatnonzero(~is_trained), batch_size, seed)
    judged = [held_out[i] for i in range(len(held_out))]
    given = {
        name: np.concatenate([x[name] for (x,) in judged]) for name in judged[0][0]
    }

    source = model.average.prior
    prior = NoisePrior.from_config(source.get_config() | {"trainable": True})
    prior.build(given["found"].shape, condition.shape)
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
        validation_batch_size=len(given["found"]),
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
    """Draws from what was found, anew each epoch."""

    def __init__(
        self,
        found: dict[str, np.ndarray],
        condition: np.ndarray,
        rows: np.ndarray,
        batch_size: int,
        seed: int,
        text_noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.text_noise = text_noise
        self.found, self.condition, self.rows = found, condition, rows
        self.batch_size, self.seed, self.epoch = min(batch_size, len(rows)), seed, 0

    def __len__(self) -> int:
        return len(self.rows) // self.batch_size

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.rows)
        rows = order[index * self.batch_size : (index + 1) * self.batch_size]
        mean, deviation = self.found["mean"][rows], self.found["deviation"][rows]
        chance = np.random.default_rng([self.seed, self.epoch, index])
        drawn = chance.standard_normal(mean.shape, np.float32)
        condition = self.condition[rows]
        blur = chance.standard_normal(condition.shape, np.float32)
        return (
            {
                "found": mean + deviation * drawn,
                "drawn": chance.standard_normal(mean.shape, np.float32),
                "time": chance.random(len(rows), np.float32),
                "condition": condition + self.text_noise * blur,
            },
        )

    def on_epoch_end(self) -> None:
        self.epoch += 1


class _Fitting(keras.Model):
    """Noise on its way to the squared error of where the prior says it is going."""

    def __init__(self, prior: NoisePrior) -> None:
        # The prior computes in float32, and so must what it is compared with.
        super().__init__(name="prior_fitting", dtype="float32")
        self.prior = prior
        self.built = True

    def call(self, inputs: dict) -> float:
        angle = TURN * ops.expand_dims(inputs["time"], 1)
        noise = ops.cos(angle) * inputs["drawn"] + ops.sin(angle) * inputs["found"]
        going = self.prior.velocity(noise, inputs["time"], inputs["condition"])
        error = ops.square(going - _velocity(inputs))
        return ops.mean(ops.sum(error, axis=-1))

    def compute_loss(self, x=None, y=None, y_pred=None, *args, **kwargs):
        return y_pred


def _velocity(inputs: dict) -> Any:
    angle = TURN * ops.expand_dims(inputs["time"], 1)
    forward, back = ops.cos(angle) * inputs["found"], ops.sin(angle) * inputs["drawn"]
    return TURN * (forward - back)


def _some_captions(picture: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Positions of some captions of each picture, given the picture of each caption."""
    order = np.random.default_rng([seed, 3]).permutation(len(picture))
    order = order[np.argsort(picture[order], kind="stable")]
    counts = np.bincount(picture)
    first = np.cumsum(counts) - counts
    rank = np.arange(len(picture)) - np.repeat(first, counts)
    return order[rank < most]


def _found_noise(
    model: ConditionalVAE,
    images: np.ndarray,
    picture: np.ndarray,
    sentences: np.ndarray,
    size: int = 256,
) -> dict[str, np.ndarray]:
    """Mean and deviation of what the encoder finds for each caption."""
    columns: dict[str, list[np.ndarray]] = {"mean": [], "deviation": []}
    for start in range(0, len(picture), size):
        rows = slice(start, start + size)
        image = to_pixels(images[picture[rows]])
        found = model.encoder.predict_on_batch(
            {"image": image, "sentence": sentences[rows]}
        )
        columns["mean"].append(found["mean"])
        columns["deviation"].append(np.exp(0.5 * found["log_variance"]))
    return {name: np.concatenate(values) for name, values in columns.items()}
