"""Loading a preset in LiteRT or in TensorFlow."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from keras_imgdesc.errors import INSTALL_TENSORFLOW, InputError
from keras_imgdesc.lite.model_file import (
    EXPORT_INTO_PRESET,
    PRESET_FILES,
    LiteFileError,
    ModelFile,
    preset_file,
)
from keras_imgdesc.presets.folders import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    find_preset,
    read_config,
)
from keras_imgdesc.printable import printable

RUNTIMES = ("auto", "litert", "tensorflow")
_NOT_INSTALLED = "it is not installed"


class Choice(NamedTuple):
    """The runtime of a preset, and why it was chosen.

    Attributes:
        runtime: `"litert"` or `"tensorflow"`.
        reason: a sentence.
        is_fault: whether the reason is a `.tflite` file that is damaged or of another
            version of the preset.
    """

    runtime: str
    reason: str
    is_fault: bool = False


def load(
    preset: str | PathLike[str], runtime: str = "auto", num_threads: int | None = None
) -> Any:
    """Load a preset in the runtime that starts and runs fastest.

    LiteRT runs the preset's `.tflite` file, which `keras-imgdesc export tflite
    --into-preset` writes and some presets ship with. It needs neither TensorFlow nor
    Keras, starts in a fraction of a second and has the methods that the command line
    uses. TensorFlow has all of them. A file of int8 weights may choose other words
    than the float32 weights.

    Args:
        preset: name or folder of a preset of any task.
        runtime: `"litert"`, `"tensorflow"`, or `"auto"`: LiteRT if the preset has a
            `.tflite` file that belongs to its weights and searches for captions with
            its settings, otherwise TensorFlow.
        num_threads: number of threads of LiteRT; None lets LiteRT choose.

    Returns:
        A `LiteCaptioner`, `LiteClassifier`, `LiteMatcher` or `LitePainter`; or, in
        TensorFlow, an `ImageCaptioner`, `ImageClassifier`, `ImageTextMatcher` or
        `TextToImage`.

    Raises:
        InputError: there is no such preset or runtime; or the preset has no `.tflite`
            file that fits, and `runtime` is `"litert"` or TensorFlow is not installed.

    Warns:
        UserWarning: the preset's `.tflite` file is damaged or belongs to another
            version of the preset, and TensorFlow runs instead.

    Example:

        painter = keras_imgdesc.load("scenes_cvae")
        painter.generate("a red circle", num_images=4)
    """

    def report(choice: Choice) -> None:
        if choice.is_fault:
            warnings.warn(printable(choice.reason), stacklevel=4)

    return load_reporting(preset, runtime, num_threads=num_threads, report=report)


def load_reporting(
    preset: str | PathLike[str],
    runtime: str = "auto",
    *,
    task: str | None = None,
    num_threads: int | None = None,
    precision: str | None = None,
    report: Callable[[Choice], None] = lambda choice: None,
    **options: Any,
) -> Any:
    """Load a preset as `load` does, for given options, and report the choice.

    Args:
        preset, runtime, num_threads: see `load`.
        task: name of the class that the preset must be of; None accepts any.
        precision: a Keras dtype policy or `"auto"`, which only TensorFlow can choose;
            None means that of the file, or float32.
        report: called with the choice before anything is loaded in TensorFlow.
        **options: what the preset will be asked for, see `check_options` of the class
            in `keras_imgdesc.lite`.

    Raises:
        InputError: see `load`, or the preset is of another task.
    """
    if runtime not in RUNTIMES:
        raise InputError(
            "There is no such runtime", f"Use one of {list(RUNTIMES)}", runtime=runtime
        )
    folder = find_preset(preset)
    config = read_config(folder)
    kind = str(config.get("task"))
    if task is not None and kind != task:
        raise InputError(
            f"The preset must be of the task {task}",
            f"Use a preset of {task}",
            preset=folder,
            task=kind,
        )
    if runtime == "tensorflow":
        _check_tensorflow(folder)
        report(Choice(runtime, "it was asked for"))
        return _load_in_tensorflow(folder, precision)
    try:
        if precision is not None:
            raise InputError(
                "The precision of a .tflite file is fixed",
                "Use the runtime 'tensorflow'",
                precision=precision,
            )
        file = _fitting_file(folder, kind, config, options, runtime == "auto")
        loaded = _lite_class(kind)(file, num_threads)
    except InputError as error:
        if runtime == "litert":
            raise
        reason = _lack_of_tensorflow(folder)
        if reason is not None:
            raise InputError(
                f"{error.rule.rstrip('.')}, and TensorFlow cannot run instead: "
                f"{reason}",
                f"{error.remedy.rstrip('.')}. {INSTALL_TENSORFLOW}"
                if reason == _NOT_INSTALLED
                else _remedy_in_litert(error),
                **error.received,
            ) from error
        is_fault = isinstance(error, LiteFileError)
        # What to do is already being done, unless something is broken.
        why = str(error) if is_fault else _rule_of(error)
        report(Choice("tensorflow", why, is_fault))
        return _load_in_tensorflow(folder, precision)
    form = file.metadata["quantize"] or "float32"
    report(Choice("litert", f"{file.path} ({form})"))
    return loaded


def _fitting_file(
    folder: Path,
    kind: str,
    config: Mapping[str, Any],
    options: Mapping[str, Any],
    must_state_version: bool,
) -> ModelFile:
    """Return the preset's `.tflite` file if it supports the given options.

    Raises:
        InputError: there is none, or it cannot.
        LiteFileError: it is damaged or belongs to another version of the preset.
    """
    if kind not in PRESET_FILES:
        raise InputError(
            f"{CONFIG_FILE} must name one of the tasks {sorted(PRESET_FILES)}",
            "Load a preset of another task with the from_preset of its class",
            file=folder / CONFIG_FILE,
            task=kind,
        )
    file = preset_file(folder, PRESET_FILES[kind])
    if must_state_version and file.preset_checksums is None:
        raise InputError(
            f"{file.path.name} does not state which version of the preset it is of",
            f"Write it again with {EXPORT_INTO_PRESET}",
            path=file.path,
        )
    _lite_class(kind).check_options(file, config, **options)
    return file


def _lite_class(kind: str) -> Any:
    """Return the class that runs a task in LiteRT; only its module is imported."""
    if kind == "ImageCaptioner":
        from keras_imgdesc.lite.captioner import LiteCaptioner

        return LiteCaptioner
    if kind == "ImageClassifier":
        from keras_imgdesc.lite.classifier import LiteClassifier

        return LiteClassifier
    if kind == "ImageTextMatcher":
        from keras_imgdesc.lite.matcher import LiteMatcher

        return LiteMatcher
    from keras_imgdesc.lite.painter import LitePainter

    return LitePainter


def _lack_of_tensorflow(folder: Path) -> str | None:
    """Return why TensorFlow cannot run a preset, or None."""
    if find_spec("tensorflow") is None or find_spec("keras") is None:
        return _NOT_INSTALLED
    if not (folder / WEIGHTS_FILE).is_file():
        return f"the preset has no {WEIGHTS_FILE}"
    return None


def _remedy_in_litert(error: InputError) -> str:
    """Return what to do about a `.tflite` file if TensorFlow cannot run instead."""
    if isinstance(error, LiteFileError):
        return error.remedy
    return "Ask for what the .tflite file can do, or use a complete preset"


def _rule_of(error: InputError) -> str:
    """Return the message of an error without its remedy."""
    received = ", ".join(f"{name}={value!r}" for name, value in error.received.items())
    return f"{error.rule.rstrip('.')} ({received})"


def _check_tensorflow(folder: Path) -> None:
    """Refuse a preset that TensorFlow cannot run, without importing it."""
    reason = _lack_of_tensorflow(folder)
    if reason is not None:
        raise InputError(
            f"TensorFlow cannot run the preset: {reason}",
            INSTALL_TENSORFLOW
            if reason == _NOT_INSTALLED
            else "Use the runtime 'litert'",
            preset=folder,
        )


def _load_in_tensorflow(folder: Path, precision: str | None) -> Any:
    from keras_imgdesc.backend import choose_precision
    from keras_imgdesc.tasks import load_preset

    return load_preset(
        folder, None if precision is None else choose_precision(precision)
    )
