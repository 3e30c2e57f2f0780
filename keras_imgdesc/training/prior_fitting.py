"""Fits the noise of a painter to what a VAE's encoder finds."""

import keras
import numpy as np
from keras import ops

from keras_imgdesc.generation import ConditionalVAE, NoisePrior, to_pixels
from keras_imgdesc.training.generator_batches import GeneratorBatches

# Deviation of what is added to a text's whitened sentence, whose numbers have one of 1.
# Without it 12,000 pictures are learned by heart: on Scenes 0.5 makes 1.7 nats of 1.1.
TEXT_NOISE = 0.5


def fit_noise_prior(
    model: ConditionalVAE,
    batches: GeneratorBatches,
    *,
    epochs: int,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    progress: bool = True,
) -> float:
    """Fits the `NoisePrior` of a trained VAE's generator, and of its moving average.

    What the encoder finds in pictures with their captions is made likely, given the
    captions. A twentieth of the pictures is not trained on and tells when to stop.

    Args:
        model: its encoder and generator are done and stay as they are.
        batches: of its training; gives pictures, texts and the seed.
        epochs: at most; each is every caption once.
        batch_size: captions in a step.
        learning_rate: of AdamW, falling to nothing along half a cosine.
        progress: print a line an epoch.

    Returns:
        Nats by which the noise of pictures that were not trained on has become
        likelier than under a standard normal distribution. What is not above 0 has
        changed nothing.

    Reference:
        Ghosh et al., "From Variational to Deterministic Autoencoders",
        https://arxiv.org/abs/1903.12436, on densities that are fitted afterwards.
    """
    found = _found_noise(model, batches)
    whitening = model.average.whitening
    condition = ops.convert_to_numpy(
        whitening(batches.texts.sentences[batches.texts.of_caption])
    )
    pictures = len(batches.images)
    is_trained = batches.picture < pictures - max(1, pictures // 20)
    seed = batches.recipe.seed
    train = _Noise(
        found, condition, np.flatnonzero(is_trained), batch_size, seed, TEXT_NOISE
    )
    # Drawn once: the same in each epoch, and a fair judge of both distributions.
    held_out = _Noise(found, condition, np.flatnonzero(~is_trained), batch_size, seed)
    judged = [held_out[i] for i in range(len(held_out))]
    noise = np.concatenate([x["noise"] for (x,) in judged])
    given = {
        "noise": noise,
        "condition": np.concatenate([x["condition"] for (x,) in judged]),
    }

    source = model.average.prior
    prior = NoisePrior.from_config(source.get_config() | {"trainable": True})
    prior.build(noise.shape, condition.shape)
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
        validation_batch_size=len(noise),
        epochs=epochs,
        callbacks=[best],
        shuffle=False,
        verbose=2 if progress else 0,
    )
    before = float(np.mean(np.sum(noise**2, axis=-1)) / 2)
    gain = before - float(ops.convert_to_numpy(fitting(given)))
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
        noise = mean + deviation * drawn
        condition = self.condition[rows]
        shape = condition.shape
        condition = condition + self.text_noise * chance.standard_normal(
            shape, np.float32
        )
        return ({"noise": noise, "condition": condition},)

    def on_epoch_end(self) -> None:
        self.epoch += 1


class _Fitting(keras.Model):
    """Noise and conditions to the mean negative log-likelihood, without constants."""

    def __init__(self, prior: NoisePrior) -> None:
        super().__init__(name="prior_fitting")
        self.prior = prior
        self.built = True

    def call(self, inputs: dict) -> float:
        noise, logarithm = self.prior.inverse(inputs["noise"], inputs["condition"])
        return ops.mean(0.5 * ops.sum(ops.square(noise), axis=-1) - logarithm)

    def compute_loss(self, x=None, y=None, y_pred=None, *args, **kwargs):
        return y_pred


def _found_noise(
    model: ConditionalVAE, batches: GeneratorBatches, size: int = 256
) -> dict[str, np.ndarray]:
    """Mean and deviation of what the encoder finds for each caption."""
    texts = batches.texts
    columns: dict[str, list[np.ndarray]] = {"mean": [], "deviation": []}
    for start in range(0, len(batches.picture), size):
        rows = slice(start, start + size)
        sentence = texts.sentences[texts.of_caption[rows]]
        image = to_pixels(batches.images[batches.picture[rows]])
        found = model.encoder.predict_on_batch({"image": image, "sentence": sentence})
        columns["mean"].append(found["mean"])
        columns["deviation"].append(np.exp(0.5 * found["log_variance"]))
    return {name: np.concatenate(values) for name, values in columns.items()}
