"""How each task is verified; one module per task, listed here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from keras_imgdesc.verification.tasks.task_check import TaskCheck

_CHECKS = {
    "ImageCaptioner": "captioner.CaptionerCheck",
    "ImageTextMatcher": "matcher.MatcherCheck",
    "TextToImage": "painter.PainterCheck",
    "ImageClassifier": "classifier.ClassifierCheck",
}


def check_of(task: str) -> TaskCheck:
    """Return the check of a task.

    Args:
        task: name of the task's class.
    """
    module, _, name = _CHECKS[task].partition(".")
    check: Any = getattr(import_module(f"{__name__}.{module}"), name)
    instance: TaskCheck = check()
    return instance
