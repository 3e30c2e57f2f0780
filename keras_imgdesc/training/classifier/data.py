"""Images and targets of a classifier's training."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from keras_imgdesc.atomic_files import write_atomically
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images.stamps import replaced
from keras_imgdesc.json_files import read_json
from keras_imgdesc.stored_arrays import read_array, write_array
from keras_imgdesc.stored_names import path_inside
from keras_imgdesc.training.inputs.views import ImageViews

# The stamps of millions of images.
_MOST_BYTES = 512 << 20


def teacher_logits(
    teacher: Any, versions: ImageViews, folder: Path, *, progress: bool
) -> np.ndarray:
    """Compute the logits that a teacher gives to images, or read them.

    If an image was replaced under its old name, or a file of the cache is damaged, all
    are computed again.

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
    before = _recorded(record, stamps)
    logits = _stored(path, len(names))
    if logits is None or before is None or replaced(before, stamps):
        rows = []
        stream = teacher.logits_stream(versions)
        bar = tqdm(
            stream, total=len(names), desc="teacher", unit="img", disable=not progress
        )
        for _, found in bar:
            if not isinstance(found, ImageError):
                rows.append(found.astype(np.float16))
        folder.mkdir(parents=True, exist_ok=True)
        logits = np.stack(rows)
        write_array(path, logits)
        before = stamps
    if not record.exists() or before is stamps:
        write_atomically(record, json.dumps(before))
    return logits


def _recorded(record: Path, stamps: list[str]) -> list[str] | None:
    """Return the stamps of the images whose logits are stored; None if it is damaged.

    A cache of an earlier version has no stamps.
    """
    if not os.path.lexists(record):
        return stamps
    try:
        file = path_inside(record.parent, record.name)
        found = read_json(file, list[str], most_bytes=_MOST_BYTES)
    except InputError:
        return None
    return found if len(found) == len(stamps) else None


def _stored(path: Path, count: int) -> np.ndarray | None:
    """Return the stored logits; None if there are none, or the file is damaged."""
    try:
        file = path_inside(path.parent, path.name)
        found = read_array(file, np.float16, (None, None))
    except InputError:
        return None
    return found if 0 < len(found) <= count and np.isfinite(found).all() else None


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
