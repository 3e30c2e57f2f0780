"""Presets: folders to models and back.

A preset is a folder:

| file               | holds |
|--------------------|-------|
| `config.json`      | versions, configuration of the parts, checksums of the files |
| `vocabulary.txt`   | one token a line |
| `model.weights.h5` | arrays in float16 where that is enough, the others in float32   |
| `recipe.json`      | how it was trained (optional) |
| `README.md`        | the model card |

It holds data only: nothing in it is executed, and only classes of this package, or
registered with Keras by the program that loads it, are built from it.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from keras_imgdesc.presets.folders import find_preset


def save_preset(
    task: Any,
    path: str | PathLike[str],
    recipe: dict[str, Any] | None = None,
    card: str | None = None,
    summary: str | None = None,
) -> None:
    """Saves a task as a folder, whole or not at all.

    Weights are rounded to float16 where that is enough; saving what was loaded
    changes nothing more. A preset that is there already is replaced; other files in
    its folder stay.

    Args:
        task: an `ImageCaptioner` or another task of this package.
        path: the folder.
        recipe: how it was trained, ready for JSON.
        card: the model card, Markdown. None keeps the one that is there.
        summary: one line for `list_presets`.

    Raises:
        InputError: `path` is a file, or a folder with other things in it.
    """
    from keras_imgdesc.presets.files import write_preset

    write_preset(task, Path(path), recipe, card, summary)


def load_preset(
    name: str | PathLike[str], dtype: str | None = None, task: type | None = None
) -> Any:
    """Loads a task.

    Args:
        name: a folder, or the name of a preset in one of `preset_folders`.
        dtype: Keras' dtype policy to build it with, for instance
            `"mixed_bfloat16"`; None means the global one.
        task: the class that it must be; None means any.

    Raises:
        InputError: there is no such preset, or one of its files is missing, broken
            or does not belong to the others, or it is of another task; the message
            names the file.
    """
    folder = find_preset(name)

    from keras_imgdesc.presets.files import read_preset

    return read_preset(folder, dtype, task)
