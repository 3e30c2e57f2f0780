"""How much of a teacher's variance a student explains."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import keras
import numpy as np

from keras_imgdesc import images
from keras_imgdesc.training.encoder.model import (
    SHIFT,
    TAIL_BLOCK,
    TEACHER_BLOCK,
    DistillationModel,
)
from keras_imgdesc.vision import MobileNetEncoder, VGG16Encoder


def explained_variance(
    student: VGG16Encoder,
    teacher: MobileNetEncoder,
    photos: Sequence[str | Path],
    batch_size: int = 25,
) -> dict[str, float]:
    """Return the share of the teacher's variance that the student explains.

    Args:
        student, teacher: encoders of the same image size.
        photos: at least two that were not trained on.
        batch_size: images per batch; the variance is that of all of them.

    Returns:
        `{"block2": ..., "block5": ..., "tail": ...}`, at most 1: one minus the squared
        error over the variance, both summed over channels. The teacher's mean map
        would score 0.
    """
    pixels = read_photos(photos, student.image_size)
    variances = channel_variances(teacher, pixels)
    model = DistillationModel(student, teacher, variances)
    model.compile(optimizer=keras.optimizers.SGD(0.0), jit_compile=False)
    # The teacher's window lies SHIFT pixels up and left of the student's.
    padding = ((0, 0), (SHIFT, 0), (SHIFT, 0), (0, 0))
    pixels = np.pad(pixels, padding, mode="reflect").astype("float32")
    result = model.evaluate(pixels, batch_size=batch_size, verbose=0, return_dict=True)
    return {
        name.removeprefix("explained_"): float(value)
        for name, value in result.items()
        if name.startswith("explained_")
    }


def read_photos(photos: Iterable[str | Path], size: int) -> np.ndarray:
    """Return the readable photos, uint8 `(photos, size, size, 3)`."""
    read = images.read_images(list(photos), (size, size))
    return np.stack([p for _, p in read if isinstance(p, np.ndarray)])


def channel_variances(
    teacher: MobileNetEncoder, pixels: np.ndarray
) -> dict[int, np.ndarray]:
    """Return the variance of each channel of the teacher's maps, by block.

    Args:
        teacher: the teacher.
        pixels: uint8 `(photos, size, size, 3)`.

    Returns:
        float32 `(channels,)` by the number of the teacher's block.
    """
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
