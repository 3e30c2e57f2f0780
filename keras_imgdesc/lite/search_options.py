"""The settings of the search that a captioner's `.tflite` file has fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.model_file import ModelFile
from keras_imgdesc.text.checks import list_texts

# The fields of `GenerationSettings`, which needs Keras.
SETTINGS = {
    *("num_beams", "length_penalty", "max_length", "temperature", "top_k", "top_p"),
    *("seed", "prefix", "require", "avoid", "use_concepts"),
}


def check_search(file: ModelFile, settings: Mapping[str, Any]) -> None:
    """Refuse settings of a search other than those that the file has fixed.

    Args:
        file: the file of a captioner.
        settings: fields of `GenerationSettings`. None, or nothing in place of words,
            keeps what the file has.

    Raises:
        InputError: the file searches with other settings, or there is no such setting.
    """
    fixed = file.metadata["search"]
    unknown = sorted(set(settings) - SETTINGS)
    if unknown:
        raise InputError(
            "There is no such setting of a search",
            f"Use one of {sorted(SETTINGS)}",
            settings=unknown,
        )
    for name, value in settings.items():
        if value is None:
            continue
        requested = _comparable(name, value)
        has = _comparable(name, fixed.get(name))
        if np.any(requested != has):  # an array is not a setting
            raise InputError(
                f"The {name} of {file.path.name} is fixed",
                "Use the runtime 'tensorflow', or export a .tflite file with this "
                "setting",
                **{name: value},
                in_file=fixed.get(name),
            )


def _comparable(name: str, value: Any) -> Any:
    if name == "use_concepts":
        return value is not False
    if name in ("prefix", "require", "avoid"):
        words = [] if value is None else list_texts(value)
        return sorted((word for word in words if word != ""), key=str)
    return value
