"""A model in every form that it is exported to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_imgdesc.export import export_saved_model
from keras_imgdesc.export.tflite.conversion import LiteConversion
from keras_imgdesc.export.tflite.export import QUANTIZATIONS, write_tflite


@dataclass(frozen=True)
class ModelForm:
    """One form of a model.

    Attributes:
        name: as `"tflite int8"`.
        kind: `"python"`, `"saved_model"`, `"c_loader"` or `"tflite"`.
        path: the preset's folder, the SavedModel's, or the `.tflite` file.
        exact: whether it computes in float32, and must give what Python gives.
    """

    name: str
    kind: str
    path: Path
    exact: bool = True


def export_forms(
    task: Any, preset: Path, folder: Path, **representative: Iterable[Any] | None
) -> list[ModelForm]:
    """Exports a task to every form.

    Args:
        task: it.
        preset: where it was loaded from.
        folder: to write to.
        **representative: `representative_images` or `representative_texts`, see
            `export_tflite`.
    """
    # Read for several forms.
    given: dict[str, Any] = {
        k: v if v is None else list(v) for k, v in representative.items()
    }
    saved_model = export_saved_model(task, folder / "saved_model")
    forms = [
        ModelForm("Python", "python", preset),
        ModelForm("SavedModel", "saved_model", saved_model),
        ModelForm("C loader", "c_loader", saved_model),
    ]
    conversion = LiteConversion(task)
    for quantize in QUANTIZATIONS:
        name = f"tflite {quantize or 'float32'}"
        path = folder / name.replace(" ", "_") / "model.tflite"
        write_tflite(conversion, path, quantize=quantize, **given)
        forms.append(ModelForm(name, "tflite", path, quantize is None))
    return forms
