"""Images and targets of a classifier's training."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from keras_imgdesc.atomic_files import atomic_path, write_atomically
from keras_imgdesc.errors import ImageError
from keras_imgdesc.images.stamps import replaced
from keras_imgdesc.training.inputs.views import ImageViews


def teacher_logits(
    teacher: Any, versions: ImageViews, folder: Path, *, progress: bool
) -> np.ndarray:
    """Compute the logits that a teacher gives to images, or read them.

    If an image was replaced under its old name, all are computed again.

    Args:
        teacher: an `ImageClassifier`.
        versions: the images; unreadable ones are omitted.
        folder: folder of the cache.
        progress: whether to show a progress bar.

    Returns:
        float16 (images, classes).
    """
    digest = hashlib.sha256(teacher.fingerprint().encode())
    names, stamps = versions.names, versions.stamps
    digest.update("\n".join(names).encode("utf-8", "surrogateescape"))
    path = folder / f"teacher-{digest.hexdigest()[:12]}.npy"
    record = path.with_suffix(".json")
    # A cache of an earlier version has no stamps.
    before = json.loads(record.read_text()) if record.exists() else stamps
    if not path.exists() or replaced(before, stamps):
        rows = []
        stream = teacher.logits_stream(versions)
        bar = tqdm(
            stream, total=len(names), desc="teacher", unit="img", disable=not progress
        )
        for _, found in bar:
            if not isinstance(found, ImageError):
                rows.append(found.astype(np.float16))
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as partial, partial.open("wb") as file:
            np.save(file, np.stack(rows), allow_pickle=False)
        before = stamps
    if not record.exists() or before is stamps:
        write_atomically(record, json.dumps(before))
    logits: np.ndarray = np.load(path, allow_pickle=False)
    return logits


def epoch_rows(
    count: int, views: int, batch_size: int, seed: int, epoch: int
) -> Iterator[np.ndarray]:
    """Yield the rows of each batch of an epoch; each image occurs in one version.

    Args:
        count: number of images, at least `batch_size`. Those left over by the last
            complete batch wait for another epoch.
        views: versions of each image; version v of image i is row i * views + v.
        batch_size: images per batch.
        seed, epoch: determine order and versions.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(count)
    rows = order * views + generator.integers(views, size=count)
    for start in range(0, count // batch_size * batch_size, batch_size):
        yield rows[start : start + batch_size]
