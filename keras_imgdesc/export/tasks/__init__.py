"""What each task serves; one module per task, listed here."""

from __future__ import annotations

from typing import Any

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.classification import ImageClassifier
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.lite_model import LiteModel
from keras_imgdesc.export.signature import Signature
from keras_imgdesc.export.tasks import captioner, classifier, matcher, painter
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.painting import TextToImage
from keras_imgdesc.presets.copies import float32_copy

# Each module has the functions `signatures` and `lite_model`.
_MODULES: dict[type, Any] = {
    ImageCaptioner: captioner,
    ImageTextMatcher: matcher,
    TextToImage: painter,
    ImageClassifier: classifier,
}


def in_float32(task: Any) -> Any:
    """Return a task to export: itself, or a copy of one of mixed precision.

    TensorFlow Lite cannot run bfloat16, and what is exported must not depend on the
    precision that a task was trained in.

    Raises:
        InputError: `task` is not a task.
    """
    _module_of(task)
    return float32_copy(task)


def signatures_of(task: Any, **settings: Any) -> dict[str, Signature]:
    """Return the signatures of a task's SavedModel, by name.

    Args:
        task: an `ImageCaptioner`, `ImageTextMatcher`, `TextToImage` or
            `ImageClassifier`.
        **settings: settings to fix in the graph, see `signatures` in the task's module.

    Raises:
        InputError: `task` is not a task, or a setting is out of range or belongs to
            another task.
    """
    signatures: dict[str, Signature] = _module_of(task).signatures(task, **settings)
    return signatures


def lite_model_of(task: Any, **settings: Any) -> LiteModel:
    """Return the functions of a task's `.tflite` file.

    Args:
        task: an `ImageCaptioner`, `ImageTextMatcher`, `TextToImage` or
            `ImageClassifier`.
        **settings: settings to fix in the file, see `lite_model` in the task's module.

    Raises:
        InputError: `task` is not a task, or a setting is out of range or belongs to
            another task.
    """
    model: LiteModel = _module_of(task).lite_model(task, **settings)
    return model


def _module_of(task: Any) -> Any:
    for kind, module in _MODULES.items():
        if isinstance(task, kind):
            return module
    raise InputError(
        "Only a task can be exported",
        "Give an ImageCaptioner, ImageTextMatcher, TextToImage or ImageClassifier",
        task=type(task).__name__,
    )
