"""Writes and reads the files of a preset."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from keras import ops

from keras_imgdesc import __version__
from keras_imgdesc.atomic_files import atomic_path, sync, sync_folder, temporary_path
from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.folders import (
    CARD_FILE,
    CONFIG_FILE,
    FORMAT_VERSION,
    RECIPE_FILE,
    VOCABULARY_FILE,
    WEIGHTS_FILE,
    read_config,
)
from keras_imgdesc.presets.layouts import PresetLayout, build_task, layout_of
from keras_imgdesc.presets.legacy_names import weights_by_path

# Relative rounding error of an array above which it stays float32. Rounding itself
# costs 2e-4; more means values below float16's range.
_LARGEST_ERROR = 1e-3


def write_preset(
    task: Any,
    path: Path,
    recipe: dict[str, Any] | None,
    card: str | None,
    summary: str | None,
) -> None:
    """See `presets.save_preset`."""
    if path.is_file() or (
        path.is_dir() and any(path.iterdir()) and not (path / CONFIG_FILE).is_file()
    ):
        raise InputError(
            "A preset is saved to a new folder or in the place of another preset",
            "Choose another path",
            path=path,
        )
    if not path.exists():
        with atomic_path(path) as new:
            _write_files(task, path, new, recipe, card, summary)
        return
    # The files of an existing preset are replaced one by one, the configuration last:
    # an interruption in between leaves a checksum that does not fit, never another
    # model's weights.
    with temporary_path(path) as new:
        _write_files(task, path, new, recipe, card, summary)
        sync(new)
        for file in sorted(new.iterdir(), key=lambda file: file.name == CONFIG_FILE):
            os.replace(file, path / file.name)
        sync_folder(path)


def _write_files(
    task: Any,
    path: Path,
    new: Path,
    recipe: dict[str, Any] | None,
    card: str | None,
    summary: str | None,
) -> None:
    new.mkdir(exist_ok=True)
    layout = layout_of(task)
    layout.vocabulary.save(new / VOCABULARY_FILE)
    _write_weights(layout, new / WEIGHTS_FILE)
    summary = summary or layout.summary
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
        **{name: _part_config(part) for name, part in layout.parts.items()},
        **layout.settings,
        "sha256": {
            name: _sha256(new / name) for name in (VOCABULARY_FILE, WEIGHTS_FILE)
        },
    }
    _write_text(new / CONFIG_FILE, _to_json(config))


def read_preset(folder: Path, dtype: str | None, wanted: type | None = None) -> Any:
    """See `presets.load_preset`."""
    config = read_config(folder)
    kind = config.get("task")
    if wanted is not None and kind != wanted.__name__:
        raise InputError(
            f"The preset must be of the task {wanted.__name__}",
            f"Load it with {kind}.from_preset",
            preset=folder,
            task=kind,
        )
    config_file = folder / CONFIG_FILE
    checksums = config.get("sha256")
    for name in (VOCABULARY_FILE, WEIGHTS_FILE):
        if not isinstance(checksums, dict) or name not in checksums:
            raise InputError(
                f"{CONFIG_FILE} must have the checksum of {name}",
                "Copy the preset again",
                file=config_file,
            )
        if not (folder / name).is_file():
            raise InputError(
                "A file of the preset is missing",
                "Copy the preset again",
                file=folder / name,
            )
        if _sha256(folder / name) != checksums[name]:
            raise InputError(
                f"A file of the preset is not the one that {CONFIG_FILE} tells of: it "
                "is broken or of another model",
                "Copy the preset again",
                file=folder / name,
            )
    try:
        with dtype_policy(dtype):
            task = build_task(
                config,
                lambda name: _build(config[name], folder / VOCABULARY_FILE),
                folder / VOCABULARY_FILE,
            )
    except InputError as error:
        if error.received.get("file") == str(folder / VOCABULARY_FILE):
            raise
        raise _not_a_task(config, config_file, error) from error
    except (KeyError, TypeError, ValueError) as error:
        raise _not_a_task(config, config_file, error) from error
    _read_weights(layout_of(task), folder / WEIGHTS_FILE)
    return task


def _not_a_task(config: dict[str, Any], file: Path, error: Exception) -> InputError:
    return InputError(
        f"{CONFIG_FILE} does not describe a task ({error})",
        "Copy the preset again, or install the version it was saved with",
        file=file,
        package_version=config.get("package_version"),
    )


def _part_config(part: Any) -> dict[str, Any]:
    config = part.get_config()
    if "tokenizer" in config:
        # Its words are in a file of their own.
        config["tokenizer"]["config"].pop("vocabulary")
    return {"class": keras.saving.get_registered_name(type(part)), "config": config}


def _build(part: dict[str, Any], vocabulary_file: Path) -> Any:
    # The package's own classes register themselves when imported.
    import keras_imgdesc.captioning
    import keras_imgdesc.matching.image_text_matcher
    import keras_imgdesc.painting
    import keras_imgdesc.text.compact_text_encoder
    import keras_imgdesc.vision  # noqa: F401

    if part["class"].endswith("BertTextEncoder"):
        # KerasHub takes seconds to load.
        import keras_imgdesc.text.bert_text_encoder  # noqa: F401

    config = dict(part["config"])
    if "tokenizer" in config:
        of_tokenizer = config["tokenizer"]
        words = vocabulary_file.read_text(encoding="utf-8").removesuffix("\n")
        values = of_tokenizer["config"] | {"vocabulary": {"tokens": words.split("\n")}}
        config["tokenizer"] = _registered(of_tokenizer["registered_name"]).from_config(
            values
        )
    return _registered(part["class"]).from_config(config)


def _registered(name: str) -> Any:
    # By registered name only: a preset cannot name any other code to run.
    kind = keras.saving.get_registered_object(name)
    if kind is None:
        raise ValueError(f"{name} is not registered; import the module that defines it")
    return kind


def _variables(layout: PresetLayout) -> dict[str, Any]:
    """Weights by name: the part, then the path of the variable in it."""
    named: dict[str, Any] = {}
    for part, model in layout.parts.items():
        for variable in model.weights:
            name = f"{part}/{variable.path}"
            if name in named:
                raise InputError(
                    "Each weight must have a path of its own",
                    "Give each layer a name",
                    path=name,
                )
            named[name] = variable
    return named


def _write_weights(layout: PresetLayout, path: Path) -> None:
    with h5py.File(path, "w") as file:
        for name, variable in _variables(layout).items():
            value = ops.cast(ops.convert_to_tensor(variable), "float32")
            array = ops.convert_to_numpy(value)
            if not np.isfinite(array).all():
                raise InputError(
                    "Weights must be finite to be saved",
                    "The training has diverged: lower its learning rate",
                    weight=name,
                )
            file.create_dataset(name, data=_compact(array))


def _compact(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        small = array.astype(np.float16)
    error = np.linalg.norm(array - small.astype(np.float32))
    # An overflow makes the error infinite.
    return small if error <= _LARGEST_ERROR * np.linalg.norm(array) else array


def _read_weights(layout: PresetLayout, path: Path) -> None:
    with h5py.File(path, "r") as file:
        variables = _variables(layout)
        arrays = weights_by_path(file)
        found = set(arrays)
        if found != set(variables):
            raise InputError(
                f"{WEIGHTS_FILE} must have the weights of the model, no more, no fewer",
                f"It does not belong to this {CONFIG_FILE}",
                file=path,
                missing=sorted(set(variables) - found)[:3],
                unknown=sorted(found - set(variables))[:3],
            )
        for name, variable in variables.items():
            array = arrays[name][()]
            if tuple(array.shape) != tuple(variable.shape):
                raise InputError(
                    "A weight must have the shape that the model says",
                    f"{WEIGHTS_FILE} does not belong to this {CONFIG_FILE}",
                    file=path,
                    weight=name,
                    shape=tuple(array.shape),
                    expected=tuple(variable.shape),
                )
            variable.assign(array.astype("float32"))


def _to_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
