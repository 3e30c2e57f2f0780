"""A task in every form that it is exported to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.export import export_saved_model
from keras_imgdesc.export.tflite.conversion import LiteConversion
from keras_imgdesc.export.tflite.export import QUANTIZATIONS, write_tflite
from keras_imgdesc.lite.model_file import (
    EXPORT_INTO_PRESET,
    PRESET_FILES,
    read_model_file,
)
from keras_imgdesc.presets.folders import read_config
from keras_imgdesc.runtimes import load


@dataclass(frozen=True)
class ModelForm:
    """One form of a task.

    Attributes:
        name: name in tables, such as `"tflite int8"`.
        runner: name of its runner, see `runners.running`.
        path: the preset's folder, the SavedModel's folder, or the `.tflite` file.
        is_exact: whether it computes in float32, and must answer as Python does.
    """

    name: str
    runner: str
    path: Path
    is_exact: bool = True


def export_forms(
    task: Any, preset: Path, folder: Path, **representative: Iterable[Any] | None
) -> list[ModelForm]:
    """Export a task to every form.

    Args:
        task: the task.
        preset: folder of the preset that it was loaded from.
        folder: folder to write to.
        **representative: `representative_images` or `representative_texts`, see
            `export_tflite`.

    Returns:
        The forms, Python first.

    Raises:
        InputError: see `export_saved_model` and `export_tflite`.
    """
    # Several forms read them: an iterator would be exhausted after the first.
    examples: dict[str, Any] = {
        name: values if values is None else list(values)
        for name, values in representative.items()
    }
    saved_model = export_saved_model(task, folder / "saved_model")
    forms = [
        ModelForm("Python", "python", preset),
        ModelForm("SavedModel", "saved_model", saved_model),
        ModelForm("C loader", "c_library", saved_model),
    ]
    conversion = LiteConversion(task)
    for quantize in QUANTIZATIONS:
        name = f"tflite {quantize or 'float32'}"
        path = folder / name.replace(" ", "_") / "model.tflite"
        write_tflite(conversion, path, quantize=quantize, **examples)
        forms.append(ModelForm(name, "tflite", path, quantize is None))
    return forms


def shipped_form(preset: Path) -> ModelForm | None:
    """Return the `.tflite` file that a preset ships with, or None if it has none.

    Args:
        preset: folder of the preset.

    Raises:
        InputError: the file is damaged, does not state which weights it was written
            from, or was written from others or with other settings.
    """
    path = preset / PRESET_FILES[read_config(preset)["task"]]
    if not path.is_file():
        return None
    load(preset, "litert")
    file = read_model_file(path)
    if file.preset_checksums is None:
        raise InputError(
            f"{path.name} must state which version of the preset it is of",
            f"Write it again with {EXPORT_INTO_PRESET}",
            path=path,
        )
    quantize = file.metadata["quantize"]
    name = f"shipped {quantize or 'float32'}"
    return ModelForm(name, "shipped", path, quantize is None)
