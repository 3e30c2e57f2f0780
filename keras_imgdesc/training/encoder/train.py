"""Distil VGG16 from MobileNet, without labels."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from keras_imgdesc import images
from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.backend import choose_precision, dtype_policy
from keras_imgdesc.training.encoder import batches as data
from keras_imgdesc.training.encoder.model import (
    SHIFT,
    TAIL_BLOCK,
    TEACHER_BLOCK,
    DistillationModel,
)
from keras_imgdesc.training.encoder.recipe import (
    DistillationPhase,
    DistillationRecipe,
)
from keras_imgdesc.training.optimizers.conv_muon import ConvMuon
from keras_imgdesc.training.optimizers.warm_up_cosine import WarmUpCosine
from keras_imgdesc.training.run_directory import RunDirectory
from keras_imgdesc.vision import MobileNetEncoder, VGG16Encoder

# Pictures that the variance of the teacher's channels is measured on.
VARIANCE_PICTURES = 256


def distill_encoder(
    recipe: DistillationRecipe,
    folders: Sequence[str | Path],
    teacher_weights: str,
    run_dir: str | Path,
    validation: Sequence[str | Path] = (),
    progress: bool = True,
) -> VGG16Encoder:
    """Train a VGG16 of full width to give the features of a MobileNet.

    Blocks are first trained apart, each fed with the teacher's map before it and
    aimed at the teacher's map after it, then joined and trained as one, as the
    recipe's phases say. The same command run again goes on where it stopped.

    Args:
        recipe: phases and weights of the losses.
        folders: folders of photographs; no labels are read.
        teacher_weights: as `MobileNetEncoder(weights=...)`.
        run_dir: where checkpoints, `metrics.csv` and `vgg16.weights.h5` go. The last
            is in the format of `keras.applications.VGG16(include_top=False)`.
        validation: photographs for the share of variance explained, reported after
            each phase.
        progress: show a progress bar.

    Returns:
        The encoder at 224 pixels, every layer frozen.

    Raises:
        InputError: a folder without pictures, teacher weights that do not fit, a run
            directory of another recipe.
    """
    # Before the directory belongs to a recipe that these folders do not fit.
    pictures = data.list_folders(folders, recipe.folder_weights)
    with dtype_policy(choose_precision(recipe.precision)):
        run = RunDirectory(run_dir, recipe.as_dict(), recipe.defaults())
        arrays = _train(recipe, pictures, teacher_weights, run, validation, progress)
    encoder = VGG16Encoder(trainable_from="none", input_scale=64.0)
    encoder.set_weights(arrays)
    save_keras_weights(encoder, Path(run_dir) / "vgg16.weights.h5")
    return encoder


def save_keras_weights(encoder: VGG16Encoder, path: Path) -> None:
    """Write the encoder as weights of `keras.applications.VGG16`, atomically."""
    from keras_imgdesc.vision.vgg16_weights import to_keras_vgg16

    with atomic_path(path) as partial:
        to_keras_vgg16(encoder).save_weights(partial)


def explained_variance(
    student: VGG16Encoder,
    teacher: MobileNetEncoder,
    pictures: Sequence[str | Path],
    batch_size: int = 25,
) -> dict[str, float]:
    """Share of the teacher's variance that the student explains.

    Args:
        student, teacher: of the same image size.
        pictures: photographs never trained on, at least two.
        batch_size: pictures in a batch; statistics are over all of them.

    Returns:
        `{"block2": ..., "block5": ..., "tail": ...}`, at most 1: one minus the squared
        error over the variance, both summed over channels. 0 is what the teacher's
        mean map would reach.
    """
    pixels = _read(pictures, student.image_size)
    variances = _variances(teacher, pixels)
    model = DistillationModel(student, teacher, variances)
    model.compile(optimizer=keras.optimizers.SGD(0.0), jit_compile=False)
    # The teacher's window is SHIFT pixels up and left of the picture.
    padding = ((0, 0), (SHIFT, 0), (SHIFT, 0), (0, 0))
    pixels = np.pad(pixels, padding, mode="reflect").astype("float32")
    result = model.evaluate(pixels, batch_size=batch_size, verbose=0, return_dict=True)
    return {
        name.removeprefix("explained_"): float(value)
        for name, value in result.items()
        if name.startswith("explained_")
    }


def _train(recipe, pictures, teacher_weights, run, validation, progress):
    paths, cumulative = pictures
    keras.utils.set_random_seed(recipe.seed)
    initial = VGG16Encoder(32, weights=recipe.start_from, input_scale=64.0)
    arrays = initial.get_weights()
    done = 0
    saved = run.load_checkpoint()
    if saved is not None:
        done = int(saved.metadata["epochs_done"])
        arrays = [saved.arrays[f"student/{i:03d}"] for i in range(len(arrays))]
    first_epoch = 0
    for number, phase in enumerate(recipe.phases):
        epochs = -(-phase.steps // recipe.steps_per_epoch)
        start = max(0, done - first_epoch)
        if start < epochs:
            model, student = _build(recipe, phase, teacher_weights, arrays, paths)
            if saved is not None and start:
                _restore_optimizer(model.optimizer, saved.arrays)
            for epoch in range(start, epochs):
                first = epoch * recipe.steps_per_epoch
                steps = min(recipe.steps_per_epoch, phase.steps - first)
                batches = data.crop_batches(
                    paths, cumulative, phase, recipe.seed + 1000 * number, first, steps
                )
                if progress:
                    print(f"{phase.name}: epoch {epoch + 1}/{epochs}", flush=True)
                history = model.fit(
                    batches, verbose=2 if progress else 0, shuffle=False
                )
                row = {k: v[-1] for k, v in history.history.items()}
                arrays = student.get_weights()
                state = {f"student/{i:03d}": a for i, a in enumerate(arrays)}
                state |= _optimizer_state(model.optimizer)
                row |= {"epoch": first_epoch + epoch + 1, "phase": phase.name}
                run.save_checkpoint(
                    state, {"epochs_done": first_epoch + epoch + 1}, row
                )
            if validation and phase.first_block == 1 and phase.last_block == 5:
                full = VGG16Encoder(input_scale=64.0)
                full.set_weights(arrays)
                teacher = MobileNetEncoder(weights=teacher_weights)
                print(phase.name, explained_variance(full, teacher, validation))
        first_epoch += epochs
    return arrays


def _build(recipe, phase: DistillationPhase, teacher_weights, arrays, paths):
    student = VGG16Encoder(image_size=phase.image_size)
    student.set_weights(arrays)
    if phase.frozen_below > 1:
        student.set_trainable_from(f"block{phase.frozen_below}")
    teacher = MobileNetEncoder(phase.image_size, weights=teacher_weights)
    chosen = np.random.default_rng(recipe.seed).choice(
        paths, min(VARIANCE_PICTURES, len(paths)), replace=False
    )
    variances = _variances(teacher, _read(chosen, phase.image_size))
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
    # XLA made convolutions slower on the CPU.
    model.compile(optimizer=optimizer, jit_compile=False)
    size = phase.image_size + SHIFT
    model(np.zeros((1, size, size, 3), "float32"))
    optimizer.build(model.trainable_variables)
    return model, student


def _optimizer_state(optimizer) -> dict[str, np.ndarray]:
    return {
        f"optimizer/{i:03d}": keras.ops.convert_to_numpy(v)
        for i, v in enumerate(optimizer.variables)
    }


def _restore_optimizer(optimizer, arrays: dict[str, np.ndarray]) -> None:
    for i, variable in enumerate(optimizer.variables):
        variable.assign(arrays[f"optimizer/{i:03d}"])


def _read(pictures, size: int) -> np.ndarray:
    read = images.read_images(list(pictures), (size, size))
    return np.stack([p for _, p in read if isinstance(p, np.ndarray)])


def _variances(teacher: MobileNetEncoder, pixels: np.ndarray) -> dict[int, np.ndarray]:
    blocks = [*TEACHER_BLOCK.values(), TAIL_BLOCK]
    outputs = {str(b): teacher.get_layer(f"conv_pw_{b}").output for b in blocks}
    model = keras.Model(teacher.input, outputs)
    total: dict[int, list[np.ndarray]] = {b: [] for b in blocks}
    for start in range(0, len(pixels), 32):
        maps = model(pixels[start : start + 32])
        for b in blocks:
            values = keras.ops.cast(maps[str(b)], "float32")
            values = keras.ops.convert_to_numpy(values).astype(np.float64)
            flat = values.reshape(-1, values.shape[-1])
            total[b].append(
                np.stack(
                    [flat.sum(0), (flat**2).sum(0), np.full(flat.shape[1], len(flat))]
                )
            )
    variances = {}
    for b in blocks:
        first, second, count = np.sum(total[b], axis=0)
        variances[b] = (second / count - (first / count) ** 2).astype("float32")
    return variances
