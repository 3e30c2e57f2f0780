"""Writing and reading the folder of a preset."""

from __future__ import annotations

import json
import os
import re
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired

import keras

from keras_imgdesc.atomic_files import (
    atomic_path,
    is_partial,
    sync,
    sync_folder,
    temporary_path,
)
from keras_imgdesc.backend import deferred_variables, dtype_policy
from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.checksums import check_files, sha256
from keras_imgdesc.presets.folders import (
    CARD_FILE,
    CONFIG_FILE,
    FORMAT_VERSION,
    RECIPE_FILE,
    VOCABULARY_FILE,
    WEIGHTS_FILE,
    PresetConfig,
    path_in_preset,
    read_config,
)
from keras_imgdesc.presets.part_configs import (
    Part,
    check_part_config,
    check_settings,
    find_class,
)
from keras_imgdesc.presets.shared_weights import (
    SHARED_WEIGHTS,
    open_arrays,
    share_weights,
)
from keras_imgdesc.presets.weights import set_weights, stored_weights, write_weights
from keras_imgdesc.text.token_files import read_tokens, without_contents
from keras_imgdesc.version import __version__

_OTHER_FILES = (WEIGHTS_FILE, VOCABULARY_FILE, RECIPE_FILE, CARD_FILE)
_NUMBERS = re.compile(r"\[([-+.,\deE\s]+)\]")


def write_preset(
    task: Any,
    path: Path,
    recipe: dict[str, Any] | None,
    card: str | None,
    summary: str | None,
    score: str | None,
    shared_with: str | None,
) -> None:
    """Write a task to a folder; see `Task.save_to_preset`."""
    if path.is_file() or (path.is_dir() and not _may_be_replaced(path)):
        raise InputError(
            "A preset is saved to a new folder or in place of another preset",
            "Use a new or empty folder",
            path=path,
        )
    if not path.exists():
        with atomic_path(path) as new:
            _write_files(task, path, new, recipe, card, summary, score, shared_with)
        return
    # The files of an existing preset are replaced one at a time, the weights first, the
    # configuration last: an interruption in between leaves a checksum that does not
    # match, or no configuration, never the weights of another model.
    with temporary_path(path) as new:
        _write_files(task, path, new, recipe, card, summary, score, shared_with)
        sync(new)
        names = [file.name for file in new.iterdir()]
        for name in sorted(names, key=[*_OTHER_FILES, CONFIG_FILE].index):
            os.replace(new / name, path / name)
        sync_folder(path)


def _may_be_replaced(path: Path) -> bool:
    """Return whether a folder holds a preset, an unfinished one, or nothing."""
    if (path / CONFIG_FILE).is_file():
        return True
    names = {file.name for file in path.iterdir() if not is_partial(file)}
    # What a killed process left begins with the weights.
    return not names or (WEIGHTS_FILE in names and names <= set(_OTHER_FILES))


def _write_files(
    task: Any,
    path: Path,
    new: Path,
    recipe: dict[str, Any] | None,
    card: str | None,
    summary: str | None,
    score: str | None,
    shared_with: str | None,
) -> None:
    new.mkdir()
    parts = config_of_parts(task)
    # What could not be loaded again is not saved.
    check_task_config(type(task), parts, path / CONFIG_FILE)
    task.vocabulary.save(new / VOCABULARY_FILE)
    arrays = stored_weights(task.parts())
    shared = {}
    if shared_with is not None:
        shared[SHARED_WEIGHTS], arrays = share_weights(arrays, path, shared_with)
    write_weights(arrays, new / WEIGHTS_FILE)
    summary = summary or task.description
    if recipe is not None:
        _write_text(new / RECIPE_FILE, _to_json(recipe))
    if card is not None or not (path / CARD_FILE).exists():
        text = card or f"# {path.name}\n\n{summary}\n"
        _write_text(new / CARD_FILE, text)
    config = {
        "format_version": FORMAT_VERSION,
        "package_version": __version__,
        "keras_version": keras.__version__,
        "task": type(task).__name__,
        "summary": summary,
        **({} if score is None else {"score": score}),
        **parts,
        **shared,
        "sha256": {
            name: sha256(new / name) for name in (VOCABULARY_FILE, WEIGHTS_FILE)
        },
    }
    _write_text(new / CONFIG_FILE, _to_json(config))


def read_preset(kind: Any, folder: Path, dtype: str | None) -> Any:
    """Build a task from a folder; see `Task.from_preset`."""
    config = read_config(folder)
    if config.get("task") != kind.__name__:
        raise InputError(
            f"The preset must be of the task {kind.__name__}",
            f"Load it with {config.get('task')}.from_preset",
            preset=folder,
            task=config.get("task"),
        )
    check_files(folder, config.get("sha256"))
    # The arrays stay open until the variables are created from them.
    arrays = open_arrays(folder, config)
    with (
        arrays as (own, shared),
        dtype_policy(dtype or "float32"),
        deferred_variables() as set_first_value,
    ):
        task = build_task(kind, folder, config)
        path = folder / WEIGHTS_FILE
        set_weights(task.parts(), shared | own, set(own), path, set_first_value)
    return task


def config_of_parts(task: Any) -> dict[str, Any]:
    """Return the entries of `config.json` that `build_task` reads."""
    parts = {name: _part_config(part) for name, part in task.parts().items()}
    return parts | task.preset_settings()


def build_task(kind: Any, folder: Path, config: Mapping[str, Any]) -> Any:
    """Build a task from the contents of `config.json`, and from `vocabulary.txt`.

    Args:
        kind: the class of the task.
        folder: folder of `vocabulary.txt`.
        config: the contents of `config.json`, or what `config_of_parts` returns.

    Raises:
        InputError: `config` does not describe such a task, or a size in it is out of
            bounds.
    """
    vocabulary_file = path_in_preset(folder, VOCABULARY_FILE)
    classes = check_task_config(kind, config, folder / CONFIG_FILE)
    try:
        parts = {
            name: _build(part, config[name]["config"], vocabulary_file)
            for name, part in classes.items()
        }
        return kind.from_parts(parts, config, vocabulary_file)
    except Exception as error:  # of values that do not fit, Keras raises any
        received = error.received if isinstance(error, InputError) else {}
        if received.get("file") == str(vocabulary_file):
            raise
        reason = " ".join(str(error).split())
        raise InputError(
            f"{CONFIG_FILE} must describe the task {kind.__name__} ({reason[:500]})",
            "Copy the preset again, or install the version that saved it",
            file=folder / CONFIG_FILE,
            package_version=config.get("package_version"),
        ) from error


def check_task_config(
    kind: Any, config: Mapping[str, Any], file: Path
) -> dict[str, type]:
    """Refuse a configuration that no such task has written.

    Args:
        kind: the class of the task.
        config: the contents of `config.json`, or what `config_of_parts` returns.
        file: the file, for error messages.

    Returns:
        The class of each part.

    Raises:
        InputError: an entry is unknown, missing, or has another type or size, or a
            class may not be there.
    """
    of_all = dict.fromkeys(typing.get_type_hints(PresetConfig), NotRequired[Any])
    del of_all["generation"]  # of captioners
    own = dict.fromkeys(kind.PARTS, Part) | kind.SETTINGS
    check_settings(config, of_all | own, file)
    classes = {}
    for name, known in kind.PARTS.items():
        part = config[name]
        classes[name] = find_class(part["class"], known, f"{name}.class", file)
        check_part_config(classes[name], part["config"], f"{name}.config", file)
    return classes


def _part_config(part: Any) -> dict[str, Any]:
    config = part.get_config()
    if "tokenizer" in config:
        # The vocabulary is in vocabulary.txt.
        config["tokenizer"]["config"].pop("vocabulary")
    return {"class": keras.saving.get_registered_name(type(part)), "config": config}


def _build(kind: Any, config: dict[str, Any], vocabulary_file: Path) -> Any:
    if isinstance(tokenizer := config.get("tokenizer"), dict):
        name = tokenizer["registered_name"]
        tokens = {"tokens": read_tokens(vocabulary_file)}
        build = keras.saving.get_registered_object(name).from_config
        with without_contents(vocabulary_file):
            built = build(tokenizer["config"] | {"vocabulary": tokens})
        config = config | {"tokenizer": built}
    return kind.from_config(config)


def _to_json(value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    # A list of numbers takes one line, not one line per number.
    return _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
