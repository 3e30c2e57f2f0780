"""Presets: names to saved models, and folders to models and back.

A preset is a folder:

| file               | holds |
|--------------------|-------|
| `config.json`      | versions, configuration of the parts, checksums of the files |
| `vocabulary.txt`   | one token a line |
| `model.weights.h5` | matrices in float16 where that is enough, vectors in float32 |
| `recipe.json`      | how it was trained (optional) |
| `README.md`        | the model card |

It holds data only: nothing in it is executed, and only classes of this package, or
registered with Keras by the program that loads it, are built from it. This module
can be imported, and presets listed, without Keras.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_imgdesc.errors import InputError

if TYPE_CHECKING:
    from keras_imgdesc.captioning import ImageCaptioner

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.weights.h5"
VOCABULARY_FILE = "vocabulary.txt"
RECIPE_FILE = "recipe.json"
CARD_FILE = "README.md"
FORMAT_VERSION = 1
PRESETS_VARIABLE = "KERAS_IMGDESC_PRESETS"


def preset_folders() -> list[Path]:
    """The folders that are searched for presets, in this order.

    Those of the environment variable `KERAS_IMGDESC_PRESETS` (separated as in
    `PATH`), `saved_models` in the package, and `saved_models` beside it, as in a
    clone of the repository.
    """
    package = Path(__file__).resolve().parent
    named = os.environ.get(PRESETS_VARIABLE, "").split(os.pathsep)
    return [
        *(Path(folder).expanduser() for folder in named if folder),
        package / "saved_models",
        package.parent / "saved_models",
    ]


def list_presets() -> dict[str, str]:
    """Names of the presets at hand, each with a line that tells what it is.

    Example:

    >>> from keras_imgdesc import list_presets
    >>> isinstance(list_presets(), dict)
    True
    """
    presets: dict[str, str] = {}
    for folder in _all_presets():
        if folder.name in presets:
            continue  # hidden by one of an earlier folder, as when loading
        try:
            presets[folder.name] = str(read_config(folder).get("summary", ""))
        except InputError as error:
            presets[folder.name] = f"broken: {error.rule}"
    return presets


def find_preset(name: str | PathLike[str]) -> Path:
    """The folder of a preset.

    Args:
        name: a folder, or the name of a preset in one of `preset_folders`.

    Raises:
        InputError: there is none; the message lists the names there are.
    """
    path = Path(name).expanduser()
    if (path / CONFIG_FILE).is_file():
        return path
    if path.is_dir() and path.name != os.fspath(name):
        raise InputError(
            f"A preset is a folder with a {CONFIG_FILE}",
            "Give the folder that a captioner was saved to",
            folder=path,
        )
    for folder in _all_presets():
        if folder.name == os.fspath(name):
            return folder
    known = ", ".join(sorted(list_presets())) or "there are none"
    raise InputError(
        "There is no such preset",
        f"Use a folder or one of: {known}",
        preset=os.fspath(name),
    )


def read_config(folder: Path) -> dict[str, Any]:
    """Reads and checks a preset's `config.json`.

    Raises:
        InputError: the file is missing or broken, or of a newer format.
    """
    path = folder / CONFIG_FILE
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{CONFIG_FILE} cannot be read ({error})",
            "Copy the preset again",
            file=path,
        ) from None
    if not isinstance(config, dict) or "format_version" not in config:
        raise InputError(
            f"{CONFIG_FILE} is not that of a preset", "Copy it again", file=path
        )
    if config["format_version"] != FORMAT_VERSION:
        raise InputError(
            f"The preset's format is not {FORMAT_VERSION}, the one known here",
            "Install a newer keras_imgdesc",
            file=path,
            format_version=config["format_version"],
        )
    return config


def save_preset(
    task: ImageCaptioner,
    path: str | PathLike[str],
    recipe: dict[str, Any] | None = None,
    card: str | None = None,
    summary: str | None = None,
) -> None:
    """Saves a captioner as a folder, whole or not at all.

    Weights are rounded to float16 where that is enough; saving what was loaded
    changes nothing more. A preset that is there already is replaced; other files in
    its folder stay.

    Args:
        task: the captioner.
        path: the folder.
        recipe: how it was trained, ready for JSON.
        card: the model card, Markdown. None keeps the one that is there.
        summary: one line for `list_presets`.

    Raises:
        InputError: `path` is a file, or a folder with other things in it.
    """
    from keras_imgdesc.preset_files import write_preset

    write_preset(task, Path(path), recipe, card, summary)


def load_preset(name: str | PathLike[str], dtype: str | None = None) -> ImageCaptioner:
    """Loads a captioner.

    Args:
        name: a folder, or the name of a preset in one of `preset_folders`.
        dtype: Keras' dtype policy to build it with, for instance
            `"mixed_bfloat16"`; None means the global one.

    Raises:
        InputError: there is no such preset, or one of its files is missing, broken
            or does not belong to the others; the message names the file.
    """
    folder = find_preset(name)

    from keras_imgdesc.preset_files import read_preset

    return read_preset(folder, dtype)


def _all_presets() -> Iterator[Path]:
    for folder in preset_folders():
        if folder.is_dir():
            yield from sorted(p.parent for p in folder.glob(f"*/{CONFIG_FILE}"))
