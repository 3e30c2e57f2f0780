"""Train a captioner, with its image encoder or on the encoder's features."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_imgdesc.backend import training_operations
from keras_imgdesc.captioning import CaptionLoss, ImageCaptioner, joint_model
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.bleu import ORDERS
from keras_imgdesc.evaluation.captions.caption_metrics import (
    build_metrics,
    default_metrics,
)
from keras_imgdesc.evaluation.captions.free_running import (
    compile_search,
    describe_features,
)
from keras_imgdesc.evaluation.metric import compute_metrics
from keras_imgdesc.text.cut_texts import warn_of_cut
from keras_imgdesc.training.captioner.batches import count_batches, epoch_batches
from keras_imgdesc.training.captioner.build import (
    build_captioner,
    check_unpaired,
)
from keras_imgdesc.training.captioner.parts import (
    build_optimizer,
    class_keeper,
    split_encoder,
)
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.captioner.self_critical import SelfCritical, stop_dropout
from keras_imgdesc.training.captioner.tokenized_captions import tokenize_captions
from keras_imgdesc.training.captioner.unpaired_training import (
    UnpairedTraining,
    mean_rows,
)
from keras_imgdesc.training.captioner.unused import refuse_unused_settings
from keras_imgdesc.training.inputs.augmentation import Augmentation
from keras_imgdesc.training.inputs.held_out import training_images
from keras_imgdesc.training.inputs.images import (
    Gather,
    draw_views,
    feature_maps,
    read_inputs,
)
from keras_imgdesc.training.optimizers.moving_average import MovingAverage
from keras_imgdesc.training.run import TrainingRun, check_finite

# Captions of validation images written to `samples/` after each epoch.
NUM_SAMPLES = 12


def train_captioner(
    recipe: CaptionRecipe,
    run_dir: str | Path,
    train: CaptionCollection,
    validation: CaptionCollection,
    *,
    unpaired: Sequence[str] = (),
    progress: bool = True,
) -> ImageCaptioner:
    """Train a captioner as a recipe specifies.

    The output of the image encoder's frozen layers is computed once, into
    `run_dir/features`, and training reads it. Without frozen layers, or if images are
    augmented anew in each epoch, they pass through the encoder in each step.

    After each epoch, captions of validation images are generated freely and scored,
    the state is committed, and the best captioner so far is saved as a preset. Running
    the same command again resumes after the last committed epoch; on the same machine
    it is meant to end in the same weights. Unreadable images are skipped with a
    warning.

    Args:
        recipe: training settings.
        run_dir: directory for `recipe.json`, `metrics.csv`, `samples/`, `logs/` for
            TensorBoard, the checkpoint, and `preset/`, the best captioner.
        train, validation: images with captions. Images to validate on are not trained
            on, even if they are in both.
        unpaired: captions without images. Their words are in the vocabulary of a new
            decoder, and they train a guided one (see `CaptionRecipe`).
        progress: whether to show progress.

    Returns:
        The captioner of the best epoch.

    Raises:
        InputError: there are no images, the run directory belongs to another recipe or
            other data, most words are unknown to the preset of `start_from`, or a loss
            is not finite.
    """
    train = training_images(train, validation)
    with training_operations(recipe.precision):
        CaptionerRun(
            recipe, run_dir, train, validation, unpaired=unpaired, progress=progress
        ).train()
    return ImageCaptioner.from_preset(str(Path(run_dir) / "preset"))


class CaptionerRun(TrainingRun):
    """The run of `train_captioner`.

    Args:
        recipe, run_dir, train, validation, unpaired, progress: see `train_captioner`.
    """

    average: MovingAverage

    def __init__(
        self,
        recipe: CaptionRecipe,
        run_dir: str | Path,
        train: CaptionCollection,
        validation: CaptionCollection,
        *,
        unpaired: Sequence[str] = (),
        progress: bool = True,
    ) -> None:
        check_unpaired(recipe, unpaired)
        build_metrics(recipe.metric)  # what is missing is found before the first epoch
        super().__init__(recipe, run_dir, progress=progress)
        train, validation = self.data.match(train=train, validation=validation).values()
        self.data.match_words(unpaired_captions=unpaired)
        keras.utils.set_random_seed(recipe.seed)
        self.captioner = build_captioner(recipe, train, unpaired)
        self.data.match_words(vocabulary=self.captioner.vocabulary.tokens)
        refuse_unused_settings(recipe, self.captioner, self.refuse_unused)
        warn_of_cut(
            self.captioner.tokenizer,
            train.captions(),
            remedy="the captioner of start_from keeps its sequence_length"
            if recipe.start_from
            else "a larger sequence_length keeps them whole",
        )
        self.augmentation = Augmentation(recipe.flip, recipe.crop, recipe.colour)
        self.frozen, self.trained = split_encoder(
            self.captioner.image_encoder, self.augmentation, recipe.views
        )
        if recipe.objective == "self_critical" and self.trained is not None:
            raise InputError(
                "Self-critical training trains the decoder alone",
                'Freeze the encoder: encoder_options={"trainable_from": "none"}',
                trainable_from=self.captioner.image_encoder.trainable_from,
            )
        self.views = recipe.views if self.frozen and self.augmentation else 1
        self.gather, train = self._read(train, "train", self.views)
        self._unread = CaptionCollection(
            validation.examples[: recipe.validation_images]
        )
        self.model, self.input_name = self.captioner.decoder, "feature_map"
        encoder = class_keeper(recipe, self.captioner, self.trained) or self.trained
        if encoder is not None:
            self.model = joint_model(encoder, self.captioner.decoder)
            self.input_name = "image"
        self.captions = tokenize_captions(train, self.captioner.tokenizer)
        self.batches_per_epoch = count_batches(
            self.captions, recipe.batch_size, recipe.captions_per_image
        )
        self.search = compile_search(
            self.captioner.decoder,
            self.captioner.tokenizer,
            num_beams=recipe.num_beams,
            length_penalty=recipe.length_penalty,
        )
        self.unpaired = None
        if recipe.unpaired_batches:
            self.unpaired = UnpairedTraining(recipe, self.captioner, unpaired)
        self._compile()
        self.average = MovingAverage(self.model, recipe.average_decay)

    @property
    def ties(self) -> tuple[tuple[str, bool], ...]:  # type: ignore[override]
        bleu = [f"bleu_{order}" for order in range(ORDERS, 0, -1)]
        return (
            *((name, True) for name in bleu if name != self.recipe.metric),
            ("reward", True),
            ("loss", False),
        )

    def fit_epoch(self, epoch: int) -> dict[str, Any]:
        recipe = self.recipe
        gather = draw_views(self.gather, self.views, recipe.seed, epoch)
        if recipe.objective == "self_critical":
            images = recipe.batch_size // recipe.captions_per_image
            sampled = self._self_critical.batches(
                gather, self.captions.num_images, images, epoch
            )
            rewarded = ((batch, {"reward": reward}) for batch, reward in sampled)
            return self._fit_steps(rewarded, epoch)
        batches = epoch_batches(
            gather,
            self.input_name,
            self.captions,
            batch_size=recipe.batch_size,
            captions_per_image=recipe.captions_per_image,
            seed=recipe.seed,
            epoch=epoch,
            augmentation=self.augmentation if self.frozen is None else None,
        )
        if self.unpaired is not None:
            return self._fit_steps(((batch, {}) for batch in batches), epoch)
        history = self.model.fit(
            batches,
            verbose=0,
            shuffle=False,
            callbacks=[self.average, *self.callbacks(epoch, self.batches_per_epoch)],
        )
        return {name: float(values[-1]) for name, values in history.history.items()}

    def validate(self, epoch: int) -> dict[str, Any]:
        gather, collection = self._validation
        texts = describe_features(
            self.search,
            self.captioner.tokenizer,
            feature_maps(gather, len(collection), self.trained),
        )
        metrics = default_metrics(collection, self.recipe.metric)
        scores = compute_metrics(metrics, texts, collection)
        folder = self.directory.path / "samples"
        folder.mkdir(exist_ok=True)
        lines = [
            f"{example.image_id}\t{text}\n"
            for example, text in zip(collection, texts[:NUM_SAMPLES], strict=False)
        ]
        (folder / f"epoch_{epoch + 1:03d}.txt").write_text("".join(lines))
        return scores | {"score": scores[self.recipe.metric]}

    def save(self, place: str) -> None:
        self.captioner.save_to_preset(
            self.directory.path / place, recipe=self.recipe.as_dict()
        )

    def _read(
        self, collection: CaptionCollection, name: str, views: int = 1
    ) -> tuple[Gather, CaptionCollection]:
        return read_inputs(
            collection,
            self.frozen,
            self.directory.path / "features" / name,
            image_size=self.captioner.image_encoder.image_size,
            views=views,
            augmentation=self.augmentation,
            seed=self.recipe.seed,
            progress=self.progress,
        )

    @cached_property
    def _validation(self) -> tuple[Gather, CaptionCollection]:
        return self._read(self._unread, "validation")

    def _compile(self) -> None:
        recipe = self.recipe
        optimizer = build_optimizer(
            recipe, self.captioner.image_encoder, self.batches_per_epoch
        )
        if recipe.objective == "self_critical":
            loss = CaptionLoss(0.0, normalization="captions")
            stop_dropout(self.model)
        else:
            loss = CaptionLoss(recipe.label_smoothing, recipe.attention_penalty)
        self.model.compile(optimizer, loss)
        optimizer.build(self.model.trainable_variables)
        if self.unpaired is not None:
            self.unpaired.compile(optimizer)

    @cached_property
    def _self_critical(self) -> SelfCritical:
        return SelfCritical(
            self.captioner,
            self.captions.by_image(),
            self.recipe.captions_per_image,
            self.recipe.seed,
            self.recipe.temperature,
        )

    def _fit_steps(
        self, batches: Iterable[tuple[Any, dict[str, float]]], epoch: int
    ) -> dict[str, Any]:
        """Train on batches, each followed by captions without images, if there are any.

        Args:
            batches: pairs of a batch and the numbers that are reported instead of its
                losses; without numbers, the losses are.
            epoch: number of the epoch, from 0.
        """
        rows = []
        bar = self.steps(batches, epoch, self.batches_per_epoch)
        for step, (batch, numbers) in enumerate(bar):
            logs = self.model.train_on_batch(*batch, return_dict=True)
            unpaired = {}
            if self.unpaired is not None:
                unpaired = self.unpaired.fit_step(epoch * self.batches_per_epoch + step)
            check_finite(logs | unpaired, epoch, step)
            self.average.on_train_batch_end(step)
            rows.append((numbers or logs) | unpaired)
            shown = "reward" if "reward" in numbers else "loss"
            bar.set_postfix({shown: f"{np.mean([row[shown] for row in rows]):.3f}"})
        return mean_rows(rows)
