"""Copies of tasks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, TypeVar

from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.presets.files import build_task, config_of_parts
from keras_imgdesc.presets.folders import VOCABULARY_FILE
from keras_imgdesc.presets.task import Task

AnyTask = TypeVar("AnyTask", bound=Task)


def float32_copy(task: AnyTask) -> AnyTask:
    """Return a task that computes in float32, with the weights of another one.

    Args:
        task: a task of any dtype policy.

    Returns:
        The task itself if all of its layers compute in float32, otherwise a copy.
    """
    if not any(map(_is_reduced, task.parts().values())):
        return task
    with tempfile.TemporaryDirectory() as folder, dtype_policy("float32"):
        task.vocabulary.save(Path(folder, VOCABULARY_FILE))
        copy: AnyTask = build_task(type(task), Path(folder), config_of_parts(task))
    for name, part in task.parts().items():
        weights = copy.parts()[name].weights
        for new, old in zip(weights, part.weights, strict=True):
            new.assign(old)
    return copy


def _is_reduced(part: Any) -> bool:
    return any(
        layer.compute_dtype in ("bfloat16", "float16")
        for layer in part._flatten_layers()
    )
