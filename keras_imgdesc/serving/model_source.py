"""Which models to serve: presets, `.tflite` files and SavedModels."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.model_file import PRESET_FILES, preset_file, read_model_file
from keras_imgdesc.presets.folders import find_preset, read_config
from keras_imgdesc.serving.request_worker import SAVED_MODEL

_NAMED = re.compile(r"([^/:=\\]+)=(.+)", re.S)
_GRAPH = "saved_model.pb"


@dataclass(frozen=True)
class ModelSource:
    """A model and where it is.

    Attributes:
        name: its name in the addresses of requests.
        kind: `SAVED_MODEL`, or the task of a `.tflite` file.
        versions: the file, or the folder of each version, by number.
        preset: the preset whose SavedModel is yet to be exported; None if there is
            nothing to do.
        folder: where to look for other versions; None if there will be none.
        num_versions: number of versions in it to serve, the newest.
    """

    name: str
    kind: str
    versions: dict[int, Path]
    preset: str | None = None
    folder: Path | None = None
    num_versions: int = 1

    def looked_at_again(self) -> ModelSource:
        """Return the model with the versions that are in its folder now."""
        if self.folder is None:
            return self
        newest = newest_versions(self.folder, self.num_versions)
        return replace(self, versions=newest) if newest else self

    def settings(self) -> list[dict[str, str | int]]:
        """Return what `RequestWorker` takes, for each version."""
        return [
            {"name": self.name, "version": n, "kind": self.kind, "path": str(path)}
            for n, path in self.versions.items()
        ]


def find_models(
    arguments: list[str], runtime: str = "litert", num_versions: int = 2
) -> list[ModelSource]:
    """Find the models that a command line names.

    Args:
        arguments: `WHAT` or `NAME=WHAT` each, where `WHAT` is the name or folder of a
            preset, a `.tflite` file, or the folder of a SavedModel.
        runtime: `"litert"` or `"tensorflow"`, of presets.
        num_versions: number of versions of a SavedModel to serve, the newest.

    Raises:
        InputError: there is no such model, two have the same name, or a file is
            damaged.
    """
    found: dict[str, ModelSource] = {}
    for argument in arguments:
        match = None if Path(argument).exists() else _NAMED.fullmatch(argument)
        name, what = match.groups() if match else (None, argument)
        source = _find(name, what, runtime, num_versions)
        if source.name in found:
            raise InputError(
                "Two models must not have the same name",
                "Write NAME=PRESET to give one of them another name",
                name=source.name,
            )
        if re.search("[/:]", source.name):
            raise InputError(
                "The name of a model must not contain / or :",
                "Write NAME=PATH",
                name=source.name,
            )
        found[source.name] = source
    return list(found.values())


def _find(name: str | None, what: str, runtime: str, num_versions: int) -> ModelSource:
    path = Path(what).expanduser()
    if path.suffix == ".tflite":
        if runtime == "tensorflow":
            raise InputError(
                "A .tflite file runs in LiteRT",
                "Serve its preset, or a SavedModel of `keras-imgdesc export "
                "saved-model`",
                path=path,
            )
        file = read_model_file(path)
        return _of_file(name or path.stem, file.path, str(file.metadata.get("task")))
    if (path / _GRAPH).is_file():
        number = int(path.name) if path.name.isdecimal() else 1
        folder = path.resolve().parent if path.name.isdecimal() else path.resolve()
        return ModelSource(name or folder.name, SAVED_MODEL, {number: path.resolve()})
    newest = newest_versions(path, num_versions)
    if newest:
        path = path.resolve()
        return ModelSource(
            name or path.name, SAVED_MODEL, newest, None, path, num_versions
        )
    folder = find_preset(what)
    task = str(read_config(folder).get("task"))
    if task not in PRESET_FILES:
        raise InputError(
            "Only a preset of a task can be served",
            f"Use one of {sorted(PRESET_FILES)}",
            preset=what,
            task=task,
        )
    name = name or folder.name
    if runtime == "tensorflow":
        return ModelSource(name, SAVED_MODEL, {}, str(folder))
    return _of_file(name, preset_file(folder, PRESET_FILES[task]).path, task)


def newest_versions(folder: Path, count: int) -> dict[int, Path]:
    """Return the newest versions of a SavedModel in a folder, by number.

    Args:
        folder: the folder; it need not exist.
        count: the largest number of versions.
    """
    found = {
        int(path.name): path.resolve()
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.name.isdecimal() and (path / _GRAPH).is_file()
    }
    return dict(sorted(found.items())[-count:])


def _of_file(name: str, path: Path, task: str) -> ModelSource:
    if task not in PRESET_FILES:
        raise InputError(
            "A .tflite file must be that of a task",
            "Write it with `keras-imgdesc export tflite`",
            path=path,
            task=task,
        )
    return ModelSource(name, task, {1: path.resolve()})
