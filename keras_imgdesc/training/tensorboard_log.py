"""Numbers and pictures for TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def log_epoch(
    folder: Path, row: dict[str, Any], sheets: Mapping[str, Path] | None = None
) -> None:
    """Write what an epoch gave.

    Args:
        folder: of the logs.
        row: numbers by name; `row["epoch"]` is the epoch's.
        sheets: PNG files by name, shown as pictures.
    """
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=row["epoch"]):
        for name, value in row.items():
            tf.summary.scalar(name, value)
        for name, path in (sheets or {}).items():
            tf.summary.image(name, tf.io.decode_png(path.read_bytes())[None])
    writer.close()
