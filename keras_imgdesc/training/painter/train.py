"""The steps of a generator's training."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.metric import is_improvement
from keras_imgdesc.evaluation.paintings.diversity import text_diversity
from keras_imgdesc.evaluation.paintings.held_out_texts import sample_evenly
from keras_imgdesc.evaluation.paintings.paint_function import (
    CachedPainter,
    PaintingMetric,
)
from keras_imgdesc.painting import TextToImage
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.training.inputs.images import read_pixels, without_failed
from keras_imgdesc.training.painter.batches import GeneratorBatches, steps_of_epoch
from keras_imgdesc.training.painter.build import ENCODER_FILE, build_generation
from keras_imgdesc.training.painter.metrics import named_metrics
from keras_imgdesc.training.painter.prior_fitting import fit_noise_prior
from keras_imgdesc.training.painter.recipe import GeneratorRecipe
from keras_imgdesc.training.painter.texts import embed_texts
from keras_imgdesc.training.run_directory import RunDirectory, numbered
from keras_imgdesc.visualization.sample_grid import write_sample_grid

FEWEST_PICTURES = 64
# A discriminator whose loss is below has nothing left to tell the generator.
ZERO_LOSS = 1e-3


class GeneratorRun:
    """One run of `train_generator`, which says what it does.

    Args:
        recipe, run_dir, train, validation, metrics, progress: as there.
    """

    def __init__(
        self,
        recipe: GeneratorRecipe,
        run_dir: Path,
        train: CaptionCollection,
        validation: CaptionCollection,
        metrics: Sequence[PaintingMetric],
        progress: bool,
    ) -> None:
        self.recipe, self.progress = recipe, progress
        source = load_preset(recipe.text_encoder_from, dtype="float32")
        text_encoder = getattr(source, "text_encoder", source)
        matcher = source if hasattr(source, "pair_score") else None
        if matcher and recipe.needs_matcher:
            # Sentences are embedded in float32, what is painted is looked at faster.
            looking = load_preset(recipe.text_encoder_from)
        else:
            looking = None
        given = {metric.name for metric in metrics}
        self.metrics = [
            *metrics,
            *named_metrics([n for n in recipe.metrics if n not in given], matcher),
        ]
        self.directory = RunDirectory(run_dir, recipe.as_dict(), recipe.defaults())
        images, train = self._read(train)
        texts = embed_texts(
            text_encoder,
            train,
            self.directory.path / "texts",
            hard_mismatch=recipe.hard_mismatch,
            exchangeable=recipe.exchangeable,
            keep_ids=recipe.matching_weight > 0,
            keep_words=recipe.attend_words,
            seed=recipe.seed,
        )
        keras.utils.set_random_seed(recipe.seed)
        steps = steps_of_epoch(recipe, len(images), len(texts.of_caption))
        self.model = build_generation(
            recipe,
            texts.sentences[np.unique(texts.of_caption)],
            looking,
            steps * recipe.epochs,
        )
        self.batches = GeneratorBatches(
            recipe, train, images, texts, self.model.generator.latent_dim
        )
        if not self.batches.steps:
            raise InputError(
                "There must be enough pictures for a batch",
                "Use a smaller batch_size",
                batch_size=recipe.batch_size,
                pictures=len(images),
            )
        self.painter = TextToImage(text_encoder, self.model.average)
        self.validation = sample_evenly(validation, recipe.validation_images)
        self._prepare_samples()

    def go(self) -> None:
        """Train from the last whole epoch to the end.

        Raises:
            InputError: a loss is not finite, or the training has collapsed; the last
                whole epoch is kept.
        """
        saved = self.directory.load_checkpoint()
        done = 0
        if saved is not None:
            done = saved.metadata["epochs_done"]
            for name, variable in self._state().items():
                variable.assign(saved.arrays[name])
        for epoch in range(done, self.recipe.epochs):
            self._choose_objective(epoch)
            row = {"epoch": epoch + 1} | self._fit(epoch) | self._sample(epoch)
            self._refuse_collapse(row)
            if (epoch + 1) % self.recipe.metrics_every == 0 or self._is_last(epoch):
                row |= self._measure()
            self._commit(row)
        if self.recipe.prior_epochs and done <= self.recipe.epochs:
            self._fit_prior()

    def _fit_prior(self) -> None:
        """What comes after the last epoch, and counts as one more."""
        epoch = self.recipe.epochs
        gain = fit_noise_prior(
            self.model,
            self.batches,
            epochs=self.recipe.prior_epochs,
            progress=self.progress,
        )
        row = {"epoch": epoch + 1, "prior_gain": gain}
        self._commit(row | self._sample(epoch) | self._measure())

    def _commit(self, row: dict[str, Any]) -> None:
        """Keeps what an epoch has made."""
        self._keep_best(row)
        if self.recipe.kind == "vae":
            self._save_encoder()
        arrays = {k: ops.convert_to_numpy(v) for k, v in self._state().items()}
        self.directory.save_checkpoint(arrays, {"epochs_done": row["epoch"]}, row)
        sheets = {"samples": self._sheet_path(row["epoch"])}
        self.directory.log(row, sheets)
        if self.progress:
            print({k: round(v, 3) for k, v in row.items()}, flush=True)

    def _choose_objective(self, epoch: int) -> None:
        """Sets the weights that change from epoch to epoch."""
        recipe = self.recipe
        is_on = epoch >= recipe.matching_after
        weights: dict[str, Any] = {
            "matching_weight": recipe.matching_weight if is_on else 0.0
        }
        if recipe.kind == "vae":
            share = min(1.0, (epoch + 1) / (recipe.noise_warm_up + 1))
            weights["noise_weight"] = share * recipe.noise_weight
            weights["generator_learns"] = epoch >= recipe.generator_after
        objective = replace(self.model.objective, **weights)
        if objective != self.model.objective:
            self.model.objective = objective
            self.model.train_function = None  # traced with the one before

    def _is_last(self, epoch: int) -> bool:
        return epoch + 1 == self.recipe.epochs

    def _read(
        self, collection: CaptionCollection
    ) -> tuple[np.ndarray, CaptionCollection]:
        images, failed = read_pixels(collection, self.recipe.resolution)
        collection = without_failed(collection, failed)
        if len(images) < FEWEST_PICTURES:
            raise InputError(
                f"A generator is trained on at least {FEWEST_PICTURES} pictures",
                "Add pictures",
                pictures=len(images),
            )
        return images, collection

    def _fit(self, epoch: int) -> dict[str, float]:
        bar = tqdm(
            self.batches.epoch(epoch),
            total=self.batches.steps,
            disable=not self.progress,
            desc=f"epoch {epoch + 1}/{self.recipe.epochs}",
            unit="batch",
            mininterval=10,
        )
        sums: dict[str, float] = {}
        for step, batch in enumerate(bar):
            logs = self.model.train_on_batch(batch, return_dict=True)
            for name, value in logs.items():
                if not np.isfinite(value):
                    raise InputError(
                        "The losses must stay finite; the last whole epoch is kept",
                        "Lower the learning rates in a run of its own",
                        loss=name,
                        epoch=epoch + 1,
                        step=epoch * self.batches.steps + step + 1,
                    )
                sums[name] = sums.get(name, 0.0) + float(value)
        return {name: total / self.batches.steps for name, total in sums.items()}

    def _prepare_samples(self) -> None:
        """Texts and noise of the sheet, the same in each epoch."""
        recipe = self.recipe
        different = {e.captions[0]: e for e in reversed(self.validation.examples)}
        shown = sample_evenly(
            CaptionCollection(list(different.values())[::-1]), recipe.sample_texts
        )
        self.sample_texts = [example.captions[0] for example in shown]
        self.sample_real, _ = read_pixels(shown, recipe.resolution)
        generator = np.random.default_rng([recipe.seed, 2])
        self.sample_noise = generator.standard_normal(
            (
                len(shown) * recipe.samples_per_text,
                self.model.generator.latent_dim,
            ),
            np.float32,
        )

    def _sample(self, epoch: int) -> dict[str, float]:
        painted = self.painter.generate(
            self.sample_texts,
            num_images=self.recipe.samples_per_text,
            noise=self.sample_noise,
        )
        path = self._sheet_path(epoch + 1)
        path.parent.mkdir(exist_ok=True)
        write_sample_grid(path, self.sample_texts, painted, self.sample_real)
        return {"diversity": text_diversity(painted)}

    def _sheet_path(self, epoch: int) -> Path:
        """Of the sheet of an epoch, the first being 1."""
        return self.directory.path / "samples" / f"epoch_{epoch:03d}.png"

    def _refuse_collapse(self, row: dict[str, Any]) -> None:
        recipe = self.recipe
        rows = [*self.directory.metrics(), row][-recipe.collapse_patience :]
        if len(rows) < recipe.collapse_patience:
            return
        for name, least, what in (
            ("diversity", recipe.diversity_floor, "one text gives one picture"),
            ("discriminator_loss", ZERO_LOSS, "the discriminator has won"),
        ):
            if name in row and all(other[name] < least for other in rows):
                raise InputError(
                    f"The training has collapsed: {what}",
                    "Change the recipe, for example the learning rates, in a run of "
                    "its own; the last epoch before is kept",
                    epoch=row["epoch"],
                    **{name: [round(other[name], 5) for other in rows]},
                )

    def _measure(self) -> dict[str, float]:
        def paint(texts: list[str], seed: int) -> np.ndarray:
            return self.painter.generate(texts, seed=self.recipe.seed)[:, 0]

        painter = CachedPainter(paint)
        return {
            metric.name: float(metric.compute(painter, self.validation)[metric.name])
            for metric in self.metrics
        }

    def _keep_best(self, row: dict[str, Any]) -> None:
        for metric in self.metrics:
            name = metric.name
            if name in row:
                before = [r[name] for r in self.directory.metrics() if r.get(name)]
                if is_improvement(metric, row[name], before):
                    is_chosen = name == self.recipe.metric
                    self._save("preset" if is_chosen else f"best/{name}")
        if self.recipe.metric is None:
            self._save("preset")

    def _save(self, place: str) -> None:
        path = self.directory.path / place
        path.parent.mkdir(exist_ok=True)
        self.painter.save_to_preset(path, recipe=self.recipe.as_dict())

    def _save_encoder(self) -> None:
        with atomic_path(self.directory.path / ENCODER_FILE) as partial:
            self.model.encoder.save(partial)

    def _state(self) -> dict[str, Any]:
        optimizers = {
            f"o{number}": optimizer.variables
            for number, optimizer in enumerate(self.model.optimizers)
        }
        return numbered(w=self.model.weights, **optimizers)
