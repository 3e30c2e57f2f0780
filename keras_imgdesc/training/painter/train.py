"""The training of a painter."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.backend import global_policy, training_operations
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import sample_evenly
from keras_imgdesc.evaluation.paintings.paint_function import (
    CachedPainter,
    PaintingMetric,
)
from keras_imgdesc.painting import ConditionalGAN, ConditionalVAE, TextToImage
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.text.checks import accepted_unknown_words
from keras_imgdesc.text.cut_texts import warn_of_cut
from keras_imgdesc.training.best import Best
from keras_imgdesc.training.inputs.held_out import training_images
from keras_imgdesc.training.inputs.images import read_pixels, without_failed
from keras_imgdesc.training.inputs.parts import part_of
from keras_imgdesc.training.painter.batches import PainterBatches, steps_per_epoch
from keras_imgdesc.training.painter.build import ENCODER_FILE, build_model
from keras_imgdesc.training.painter.collapse import refuse_collapse
from keras_imgdesc.training.painter.gan_recipe import GanRecipe
from keras_imgdesc.training.painter.metrics import named_metrics
from keras_imgdesc.training.painter.prior_fitting import fit_noise_prior
from keras_imgdesc.training.painter.recipe import PainterRecipe
from keras_imgdesc.training.painter.samples import SampleSheets
from keras_imgdesc.training.painter.texts import embed_texts
from keras_imgdesc.training.painter.unused import refuse_unused_settings
from keras_imgdesc.training.painter.vae_recipe import VaeRecipe
from keras_imgdesc.training.run import TrainingRun, check_finite
from keras_imgdesc.training.run_directory import numbered

MIN_IMAGES = 64


def train_painter(
    recipe: PainterRecipe,
    run_dir: str | Path,
    train: CaptionCollection,
    validation: CaptionCollection,
    *,
    metrics: Sequence[PaintingMetric] = (),
    progress: bool = True,
) -> TextToImage:
    """Train a painter.

    Captions are embedded once, into the run directory. After each epoch a contact sheet
    is painted from fixed texts and noise, and the state is committed. The same call
    resumes after the last complete epoch and, on the same machine, is meant to end in
    the same weights. The painter has the moving average of the generator's weights. An
    image that cannot be read is omitted with a warning.

    Args:
        recipe: `GanRecipe` or `VaeRecipe`.
        run_dir: directory that receives `recipe.json`, `metrics.csv`, TensorBoard
            events in `logs/`, contact sheets in `samples/`, the checkpoint, the best
            painter in `preset/` (without `recipe.metric` the last one), and in `best/`
            the best painter by every other metric.
        train, validation: images with captions. Images to validate on are not trained
            on, even if they are in both.
        metrics: further metrics, which `recipe.metric` may name; see
            `keras_imgdesc.evaluation.metric.Metric`.
        progress: whether to show progress bars and print a line per epoch.

    Returns:
        The painter in `preset/`.

    Raises:
        InputError: there are fewer than 64 images, the run directory belongs to another
            recipe or other data, a loss is not finite, or the training has collapsed.
    """
    train = training_images(train, validation)
    with training_operations(recipe.precision):
        run = PainterRun(
            recipe, Path(run_dir), train, validation, metrics, progress=progress
        )
        run.train()
    return TextToImage.from_preset(str(Path(run_dir) / "preset"))


class PainterRun(TrainingRun):
    """The `TrainingRun` of a painter.

    A VAE with a noise prior has one more epoch, in which the prior is fitted.

    Args:
        recipe: `GanRecipe` or `VaeRecipe`.
        run_dir: directory of the run.
        train, validation: images with captions.
        metrics: further metrics.
        progress: whether to show progress bars and print a line per epoch.
    """

    model: ConditionalGAN | ConditionalVAE

    def __init__(
        self,
        recipe: PainterRecipe,
        run_dir: Path,
        train: CaptionCollection,
        validation: CaptionCollection,
        metrics: Sequence[PaintingMetric] = (),
        *,
        progress: bool = True,
    ) -> None:
        super().__init__(recipe, run_dir, progress=progress)
        train, validation = self.data.match(
            label=recipe.class_key, train=train, validation=validation
        ).values()
        source = load_preset(recipe.text_encoder_from, dtype="float32")
        named = recipe.text_encoder_from, "text_encoder", "matcher or painter"
        text_encoder = part_of(source, *named)
        self.data.match_words(vocabulary=text_encoder.tokenizer.vocabulary.tokens)
        matcher = source if hasattr(source, "pair_score") else None
        critic = None
        if matcher and recipe.needs_matcher:
            # Texts are embedded in float32; painted images are scored in the precision
            # of the training, which is faster.
            critic = load_preset(recipe.text_encoder_from, global_policy())
        given = {metric.name for metric in metrics}
        self.metrics = [
            *metrics,
            *named_metrics([n for n in recipe.metrics if n not in given], matcher),
        ]
        warn_of_cut(
            text_encoder.tokenizer,
            train.captions(),
            "training texts",
            "train a matcher with a larger sequence_length for text_encoder_from",
        )
        refuse_unused_settings(recipe, self.refuse_unused, bool(self.metrics))
        images, train = self._read(train)
        mismatches: dict[str, Any] = {}
        if isinstance(recipe, GanRecipe):
            mismatches["hard_mismatch"] = recipe.hard_mismatch
            mismatches["exchangeable"] = recipe.exchangeable
        texts = embed_texts(
            text_encoder,
            train,
            self.directory.path / "texts",
            keep_ids=recipe.matching_weight > 0,
            keep_words=recipe.attend_words,
            seed=recipe.seed,
            **mismatches,
        )
        keras.utils.set_random_seed(recipe.seed)
        steps = steps_per_epoch(recipe, len(images), len(texts.of_caption))
        self.model = build_model(
            recipe,
            texts.sentences[np.unique(texts.of_caption)],
            critic,
            steps * recipe.epochs,
        )
        self.batches = PainterBatches(
            recipe, train, images, texts, self.model.generator.latent_dim
        )
        if not self.batches.steps:
            raise InputError(
                "There must be enough images for a batch",
                "Use a smaller batch_size, or add images",
                batch_size=recipe.batch_size,
                images=len(images),
            )
        self.painter = TextToImage(text_encoder, self.model.average)
        self.validation = sample_evenly(validation, recipe.validation_images)
        self.sheets = SampleSheets(
            self.painter,
            self.validation,
            recipe.sample_texts,
            recipe.samples_per_text,
            self.directory.path / "samples",
            recipe.seed,
        )

    @property
    def num_epochs(self) -> int:
        return self.recipe.epochs + int(self._has_prior)

    @property
    def _has_prior(self) -> bool:
        return isinstance(self.recipe, VaeRecipe) and self.recipe.prior_epochs > 0

    def begin_epoch(self, epoch: int) -> None:
        super().begin_epoch(epoch)
        model, recipe = self.model, self.recipe
        chosen = {"objective": recipe.objective(epoch)}
        if isinstance(recipe, VaeRecipe):
            chosen["freeze_generator"] = epoch < recipe.generator_after
        for name, value in chosen.items():
            if getattr(model, name) != value:
                setattr(model, name, value)
                model.train_function = None  # It was traced with the value before.

    def fit_epoch(self, epoch: int) -> dict[str, Any]:
        if epoch == self.recipe.epochs:
            return {"prior_gain": self._fit_prior()}
        return self.fit_batches(epoch)

    def fit_batches(self, epoch: int) -> dict[str, float]:
        """Train on the batches of an epoch and return the mean of each loss."""
        sums: dict[str, float] = {}
        steps = self.batches.steps
        for step, batch in enumerate(
            self.steps(self.batches.epoch(epoch), epoch, steps)
        ):
            logs = self.model.train_on_batch(batch, return_dict=True)
            check_finite(logs, epoch, step)
            for name, value in logs.items():
                sums[name] = sums.get(name, 0.0) + float(value)
        return {name: total / steps for name, total in sums.items()}

    def validate(self, epoch: int) -> dict[str, Any]:
        row = {"diversity": self.sheets.paint(epoch + 1)}
        is_last = epoch + 1 >= self.recipe.epochs
        if is_last or (epoch + 1) % self.recipe.metrics_every == 0:
            row |= self._measure()
        return row

    def keep(self, row: dict[str, Any]) -> None:
        if row["epoch"] <= self.recipe.epochs:
            refuse_collapse(self.recipe, [*self.directory.metrics(), row])
        super().keep(row)
        if isinstance(self.model, ConditionalVAE):
            with atomic_path(self.directory.path / ENCODER_FILE) as partial:
                self.model.encoder.save(partial)

    def bests(self) -> Sequence[Best]:
        chosen = self.recipe.metric
        # The losses of a GAN do not measure how good its images are.
        ties: tuple[tuple[str, bool], ...] = (("epoch", True),)
        if isinstance(self.recipe, VaeRecipe):
            ties = (("generator_loss", False), *ties)
        others = [(metric.name, metric.higher_is_better) for metric in self.metrics]
        bests = [
            Best(
                metric.name,
                "preset" if metric.name == chosen else f"best/{metric.name}",
                metric.higher_is_better,
                (*(other for other in others if other[0] != metric.name), *ties),
            )
            for metric in self.metrics
        ]
        return bests if chosen is not None else [*bests, Best(None)]

    def variables(self) -> dict[str, Any]:
        optimizers = {
            f"o{number}": optimizer.variables
            for number, optimizer in enumerate(self.model.optimizers)
        }
        return numbered(w=self.model.weights, **optimizers)

    def save(self, place: str) -> None:
        path = self.directory.path / place
        path.parent.mkdir(exist_ok=True)
        self.painter.save_to_preset(path, recipe=self.recipe.as_dict())

    def images(self, row: dict[str, Any]) -> Mapping[str, Path]:
        return {"samples": self.sheets.path(row["epoch"])}

    def _fit_prior(self) -> float:
        assert isinstance(self.model, ConditionalVAE)
        return fit_noise_prior(
            self.model,
            self.batches,
            epochs=self.recipe.prior_epochs,
            progress=self.progress,
        )

    def _read(
        self, collection: CaptionCollection
    ) -> tuple[np.ndarray, CaptionCollection]:
        images, failed = read_pixels(collection, self.recipe.resolution)
        collection = without_failed(collection, failed)
        if len(images) < MIN_IMAGES:
            raise InputError(
                f"A painter is trained on at least {MIN_IMAGES} images",
                "Add images",
                images=len(images),
            )
        return images, collection

    def _measure(self) -> dict[str, float]:
        def paint(texts: list[str], seed: int) -> np.ndarray:
            with accepted_unknown_words():
                return self.painter.generate(texts, seed=self.recipe.seed)[:, 0]

        painter = CachedPainter(paint)
        return {
            metric.name: float(metric.compute(painter, self.validation)[metric.name])
            for metric in self.metrics
        }
