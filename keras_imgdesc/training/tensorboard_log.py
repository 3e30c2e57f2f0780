"""Scalars for TensorBoard."""

from pathlib import Path
from typing import Any


def log_scalars(folder: Path, row: dict[str, Any]) -> None:
    """Write the numbers of an epoch; `row["epoch"]` is its number."""
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=row["epoch"]):
        for name, value in row.items():
            tf.summary.scalar(name, value)
    writer.close()
