"""Finding presets by name, and their configurations.

Importing this module and listing presets does not import Keras.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict

from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import Bounds, check_json, read_json
from keras_imgdesc.presets.legacy_names import with_current_parts
from keras_imgdesc.stored_names import path_inside

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.weights.h5"
VOCABULARY_FILE = "vocabulary.txt"
RECIPE_FILE = "recipe.json"
CARD_FILE = "README.md"
FORMAT_VERSION = 1
PRESETS_VARIABLE = "KERAS_IMGDESC_PRESETS"
MORE_PRESETS = (
    "Run `pip install keras-imgdesc-presets`, or in a clone of the repository "
    "`pip install ./packaging/presets`"
)
_REMEDY = "Copy the preset again"
# The largest that ships has 23 kB.
_MOST_BYTES = 2 << 20
_LONGEST_SUMMARY = 300

_Text = Annotated[str, Bounds(0, 1000)]


class SharedWeights(TypedDict):
    """The entry `shared_weights` of `config.json`; see `presets.shared_weights`."""

    preset: _Text
    sha256: _Text
    paths: dict[str, _Text]


class PresetConfig(TypedDict):
    """What `config.json` holds in every preset; the other entries are the task's."""

    format_version: int
    package_version: NotRequired[_Text]
    keras_version: NotRequired[_Text]
    task: NotRequired[_Text]
    summary: NotRequired[_Text]
    score: NotRequired[_Text]
    generation: NotRequired[dict[str, Any]]
    shared_weights: NotRequired[SharedWeights]
    sha256: NotRequired[dict[str, _Text]]


def preset_folders() -> list[Path]:
    """Return the folders that are searched for presets, in order.

    First come those of the environment variable `KERAS_IMGDESC_PRESETS` (separated as
    in `PATH`), then `saved_models` in the package, then `saved_models` beside it, as
    in a clone of the repository.
    """
    package = installed_presets().parent
    named = os.environ.get(PRESETS_VARIABLE, "").split(os.pathsep)
    return [
        *(Path(folder).expanduser() for folder in named if folder),
        installed_presets(),
        package.parent / "saved_models",
    ]


def installed_presets() -> Path:
    """Return the folder of the presets in an installed package."""
    return Path(__file__).resolve().parents[1] / "saved_models"


def list_presets() -> dict[str, str]:
    """Return the names of the available presets, each with a one-line summary.

    Example:

    >>> from keras_imgdesc import list_presets
    >>> isinstance(list_presets(), dict)
    True
    """
    presets: dict[str, str] = {}
    for folder in _all_presets():
        if folder.name in presets:
            continue  # hidden by one in an earlier folder, as when loading
        try:
            line = read_config(folder).get("summary", "")
        except InputError as error:
            line = f"broken: {error.rule}"
        line = " ".join(line.split())
        is_long = len(line) > _LONGEST_SUMMARY
        presets[folder.name] = line[:_LONGEST_SUMMARY] + "..." * is_long
    return presets


def find_preset(name: str | PathLike[str]) -> Path:
    """Return the folder of a preset.

    Args:
        name: a folder, or the name of a preset in one of `preset_folders`.

    Raises:
        InputError: there is no such preset; the message lists the known names.
    """
    path = Path(name).expanduser()
    if (path / CONFIG_FILE).is_file():
        return path
    if path.is_dir() and path.name != os.fspath(name):
        raise InputError(
            f"A preset is a folder with a {CONFIG_FILE}",
            "Give the folder that a task was saved to",
            folder=path,
        )
    for folder in _all_presets():
        if folder.name == os.fspath(name):
            return folder
    known = ", ".join(sorted(list_presets())) or "none found"
    more = f". For more presets: {MORE_PRESETS}" if _has_few_presets() else ""
    raise InputError(
        "There is no such preset",
        f"Use a folder or one of: {known}{more}",
        preset=os.fspath(name),
    )


def find_installed_preset(name: str) -> Path | None:
    """Return the folder of a preset in one of `preset_folders`, or None.

    For a name that somebody else chose, such as that in a search index.

    Args:
        name: the name of the preset, or the path of its folder, which must be directly
            in one of `preset_folders`.
    """
    for folder in _all_presets():
        if name in (folder.name, str(folder.absolute())):
            return folder
    return None


def read_config(folder: Path) -> PresetConfig:
    """Return the contents of a preset's `config.json`, with today's names of parts.

    The entries that are in every preset have the types of `PresetConfig`.

    Args:
        folder: the folder of the preset.

    Raises:
        InputError: the file is missing or broken, is a link out of the folder, or has
            another format version.
    """
    path = path_in_preset(folder, CONFIG_FILE)
    config = read_json(path, dict[str, Any], remedy=_REMEDY, most_bytes=_MOST_BYTES)
    if "format_version" not in config:
        raise InputError(
            f"{CONFIG_FILE} must be that of a preset", "Copy it again", file=path
        )
    if config["format_version"] != FORMAT_VERSION:
        raise InputError(
            f"The format of a preset must be {FORMAT_VERSION}",
            "Install the version of keras_imgdesc that saved it",
            file=path,
            format_version=config["format_version"],
        )
    return check_json(
        with_current_parts(config),
        PresetConfig,
        what=CONFIG_FILE,
        remedy=_REMEDY,
        allow_unknown=True,
        file=path,
    )


def path_in_preset(folder: Path, name: str) -> Path:
    """Return the path of a file of a preset.

    Raises:
        InputError: it is a link that leads out of the folder.
    """
    return path_inside(folder, name, remedy=_REMEDY)


def is_preset_name(name: str) -> bool:
    """Return whether a text can be the name of a preset, and is no path."""
    return name.isprintable() and name == Path(name).name not in ("", "..")


def _has_few_presets() -> bool:
    """Return whether an installed package lacks what keras-imgdesc-presets brings."""
    presets = list(installed_presets().glob(f"*/{CONFIG_FILE}"))
    return any(not (p.parent / WEIGHTS_FILE).is_file() for p in presets)


def _all_presets() -> Iterator[Path]:
    for folder in preset_folders():
        if folder.is_dir():
            yield from sorted(p.parent for p in folder.glob(f"*/{CONFIG_FILE}"))
