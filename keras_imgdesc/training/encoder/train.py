"""Distil a VGG16 from a MobileNet, without labels."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.backend import training_operations
from keras_imgdesc.training.best import Best
from keras_imgdesc.training.encoder import batches as data
from keras_imgdesc.training.encoder.explained_variance import (
    channel_variances,
    explained_variance,
    read_photos,
)
from keras_imgdesc.training.encoder.model import (
    SHIFT,
    DistillationModel,
)
from keras_imgdesc.training.encoder.recipe import (
    DistillationPhase,
    DistillationRecipe,
)
from keras_imgdesc.training.optimizers.conv_muon import ConvMuon
from keras_imgdesc.training.optimizers.warm_up_cosine import WarmUpCosine
from keras_imgdesc.training.run import TrainingRun, epochs_done
from keras_imgdesc.training.run_directory import Checkpoint
from keras_imgdesc.training.state import restore
from keras_imgdesc.vision import MobileNetEncoder, VGG16Encoder

# Images on which the variance of the teacher's channels is measured.
VARIANCE_IMAGES = 256
# The result, in the format of `keras.applications.VGG16(include_top=False)`.
WEIGHTS_FILE = "vgg16.weights.h5"


def distill_encoder(
    recipe: DistillationRecipe,
    folders: Sequence[str | Path],
    teacher_weights: str,
    run_dir: str | Path,
    validation: Sequence[str | Path] = (),
    progress: bool = True,
) -> VGG16Encoder:
    """Train a full-width VGG16 to reproduce the features of a MobileNet.

    Blocks are first trained separately, each on the teacher's map before it, with the
    teacher's map after it as the target. They are then joined and trained together, as
    the recipe's phases specify. Running the same command again resumes after the last
    committed epoch; on the same machine it is meant to end in the same weights.

    Args:
        recipe: phases and weights of the losses.
        folders: folders of photos; no labels are read.
        teacher_weights: see `MobileNetEncoder(weights=...)`.
        run_dir: directory for `recipe.json`, `metrics.csv`, `logs/` for TensorBoard,
            the checkpoint, and `vgg16.weights.h5`, the result in the format of
            `keras.applications.VGG16(include_top=False)`.
        validation: photos, at least two, on which the explained variance is measured
            at the end of each phase that trains all blocks; see `explained_variance`.
            It is in `metrics.csv` as `validation_block2`, ..., `validation_tail`.
            These photos are not trained on, even if they are in the folders, too.
        progress: whether to show progress.

    Returns:
        The encoder for 224 x 224 pixels, all layers frozen.

    Raises:
        InputError: a folder has no images, the teacher's weights do not fit, the run
            directory belongs to another recipe or other photos, or a loss is not
            finite.
    """
    # Checked before the directory is tied to a recipe that does not fit the folders.
    photos = data.list_folders(folders, recipe.folder_weights, validation)
    with training_operations(recipe.precision):
        run = EncoderRun(
            recipe, run_dir, photos, teacher_weights, validation, progress=progress
        )
        run.train()
    run.save(WEIGHTS_FILE)
    return run.encoder


class EncoderRun(TrainingRun):
    """The run of `distill_encoder`: the phases of its recipe, one after another.

    Args:
        recipe, run_dir, teacher_weights, validation, progress: see `distill_encoder`.
        photos: paths and cumulative probabilities, from `list_folders`.
    """

    def __init__(
        self,
        recipe: DistillationRecipe,
        run_dir: str | Path,
        photos: tuple[list[str], np.ndarray],
        teacher_weights: str,
        validation: Sequence[str | Path] = (),
        *,
        progress: bool = True,
    ) -> None:
        super().__init__(recipe, run_dir, progress=progress)
        self.data.match_words(photos=[Path(path).name for path in photos[0]])
        self.paths, self.cumulative = photos
        self.teacher_weights, self.validation = teacher_weights, validation
        self._phase = -1
        keras.utils.set_random_seed(recipe.seed)
        self.student = VGG16Encoder(32, weights=recipe.start_from, input_scale=64.0)

    @property
    def num_epochs(self) -> int:
        return sum(self._epochs_of(phase) for phase in self.recipe.phases)

    @cached_property
    def encoder(self) -> VGG16Encoder:
        """The trained encoder; first read when training is done."""
        encoder = VGG16Encoder(trainable_from="none", input_scale=64.0)
        encoder.set_weights(self.student.get_weights())
        return encoder

    def begin_epoch(self, epoch: int) -> None:
        number, _ = self._locate(epoch)
        if number != self._phase:
            self._begin_phase(number)
        super().begin_epoch(epoch)

    def fit_epoch(self, epoch: int) -> dict[str, Any]:
        number, first_epoch = self._locate(epoch)
        phase = self.recipe.phases[number]
        first = (epoch - first_epoch) * self.recipe.steps_per_epoch
        steps = min(self.recipe.steps_per_epoch, phase.steps - first)
        batches = data.crop_batches(
            self.paths,
            self.cumulative,
            phase,
            self.recipe.seed + 1000 * number,
            first,
            steps,
        )
        history = self.model.fit(
            batches, verbose=0, shuffle=False, callbacks=self.callbacks(epoch, steps)
        )
        row = {name: float(values[-1]) for name, values in history.history.items()}
        return row | {"phase": phase.name}

    def validate(self, epoch: int) -> dict[str, Any]:
        """Measure the explained variance where a phase of all blocks ends.

        It belongs to the row of that epoch: a run resumed in a later phase cannot
        measure it again.
        """
        number, first_epoch = self._locate(epoch)
        phase = self.recipe.phases[number]
        is_end = epoch + 1 == first_epoch + self._epochs_of(phase)
        has_all_blocks = phase.first_block == 1 and phase.last_block == 5
        if not (self.validation and is_end and has_all_blocks):
            return {}
        encoder = VGG16Encoder(input_scale=64.0)
        encoder.set_weights(self.student.get_weights())
        teacher = MobileNetEncoder(weights=self.teacher_weights)
        shares = explained_variance(encoder, teacher, self.validation)
        return {f"validation_{name}": share for name, share in shares.items()}

    def bests(self) -> Sequence[Best]:
        """Return nothing: the last epoch is the result."""
        return ()

    def save(self, place: str) -> None:
        save_keras_weights(self.encoder, self.directory.path / place)

    def variables(self) -> dict[str, Any]:
        student = {f"student/{i:03d}": v for i, v in enumerate(self.student.weights)}
        return student | self._optimizer_variables()

    def resume(self, checkpoint: Checkpoint) -> None:
        """Restore the student, and the optimizer if its phase is not finished."""
        epoch = epochs_done(checkpoint)
        student = {f"student/{i:03d}": v for i, v in enumerate(self.student.weights)}
        restore(student, checkpoint.arrays)
        if epoch >= self.num_epochs:
            return
        number, first_epoch = self._locate(epoch)
        if epoch > first_epoch:
            self._begin_phase(number)
            restore(self._optimizer_variables(), checkpoint.arrays)

    def _optimizer_variables(self) -> dict[str, Any]:
        variables = self.model.optimizer.variables
        return {f"optimizer/{i:03d}": v for i, v in enumerate(variables)}

    def _epochs_of(self, phase: DistillationPhase) -> int:
        return -(-phase.steps // self.recipe.steps_per_epoch)

    def _locate(self, epoch: int) -> tuple[int, int]:
        """Return the number of an epoch's phase, and that phase's first epoch."""
        first = 0
        for number, phase in enumerate(self.recipe.phases):
            if epoch < first + self._epochs_of(phase):
                return number, first
            first += self._epochs_of(phase)
        raise IndexError(epoch)

    def _begin_phase(self, number: int) -> None:
        """Build the model of a phase, with the student's present weights."""
        recipe, phase = self.recipe, self.recipe.phases[number]
        student = VGG16Encoder(image_size=phase.image_size)
        student.set_weights(self.student.get_weights())
        if phase.frozen_below > 1:
            student.set_trainable_from(f"block{phase.frozen_below}")
        teacher = MobileNetEncoder(phase.image_size, weights=self.teacher_weights)
        chosen = np.random.default_rng(recipe.seed).choice(
            self.paths, min(VARIANCE_IMAGES, len(self.paths)), replace=False
        )
        variances = channel_variances(teacher, read_photos(chosen, phase.image_size))
        model = DistillationModel(
            student,
            teacher,
            variances,
            phase.first_block,
            phase.last_block,
            phase.hint_weight,
            recipe.tail_weight,
        )
        schedule = WarmUpCosine(
            phase.learning_rate, max(1, phase.steps * 8 // 100), phase.steps, 0.02
        )
        optimizer = ConvMuon(schedule, weight_decay=None, adam_weight_decay=0.0)
        # XLA makes convolutions slower on the CPU.
        model.compile(optimizer=optimizer, jit_compile=False)
        size = phase.image_size + SHIFT
        model(np.zeros((1, size, size, 3), "float32"))
        optimizer.build(model.trainable_variables)
        self.model, self.student, self._phase = model, student, number


def save_keras_weights(encoder: VGG16Encoder, path: Path) -> None:
    """Write an encoder as weights of `keras.applications.VGG16`, atomically."""
    from keras_imgdesc.vision.vgg16_weights import to_keras_vgg16

    with atomic_path(path) as partial:
        to_keras_vgg16(encoder).save_weights(partial)
