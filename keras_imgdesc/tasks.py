"""The four tasks, and loading a preset of any of them."""

from __future__ import annotations

from os import PathLike
from typing import Any

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.classification import ImageClassifier
from keras_imgdesc.errors import InputError
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.painting import TextToImage
from keras_imgdesc.presets.folders import CONFIG_FILE, find_preset, read_config
from keras_imgdesc.presets.task import Task

TASKS: dict[str, type[Task]] = {
    task.__name__: task
    for task in (ImageCaptioner, ImageTextMatcher, TextToImage, ImageClassifier)
}


def load_preset(name: str | PathLike[str], dtype: str | None = None) -> Any:
    """Load a preset of any task.

    Args:
        name, dtype: see `Task.from_preset`.

    Returns:
        An `ImageCaptioner`, `ImageTextMatcher`, `TextToImage` or `ImageClassifier`.

    Raises:
        InputError: there is no such preset, its task is unknown, or one of its files
            is missing, broken or from another preset.
    """
    folder = find_preset(name)
    kind = str(read_config(folder).get("task"))
    if kind not in TASKS:
        raise InputError(
            f"{CONFIG_FILE} must name one of the tasks {sorted(TASKS)}",
            "Load a preset of another task with the from_preset of its class",
            file=folder / CONFIG_FILE,
            task=kind,
        )
    return TASKS[kind].from_preset(folder, dtype)
