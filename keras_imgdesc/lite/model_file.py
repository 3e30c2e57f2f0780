"""An exported `.tflite` file, and what travels inside it."""

from __future__ import annotations

import json
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.folders import find_preset

VOCABULARY_FILE = "vocabulary.txt"
METADATA_FILE = "keras_imgdesc.json"


def read_model_file(path: str | PathLike[str]) -> tuple[dict[str, Any], list[str]]:
    """Read the metadata and the vocabulary of a file of `export_tflite`.

    Args:
        path: the `.tflite` file.

    Returns:
        The metadata, and the tokens; the index of a token is its id.

    Raises:
        InputError: the file does not exist, or `export_tflite` did not write it.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("There is no such file", "Check the path", path=path)
    try:
        with zipfile.ZipFile(path) as archive:
            metadata = json.loads(archive.read(METADATA_FILE))
            tokens = archive.read(VOCABULARY_FILE).decode("utf-8").split("\n")[:-1]
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise InputError(
            f"The file must contain {METADATA_FILE} and {VOCABULARY_FILE}",
            "Write it again with `keras-imgdesc export tflite`",
            path=path,
            reason=str(error),
        ) from None
    return metadata, tokens


def preset_file(preset: str | PathLike[str], name: str) -> Path:
    """Return the path of the `.tflite` file that some presets ship with.

    Args:
        preset: name or folder of the preset.
        name: name of the file.

    Raises:
        InputError: there is no such preset, or it ships without the file.
    """
    path = find_preset(preset) / name
    if not path.is_file():
        raise InputError(
            f"The preset ships without a {name}",
            "Write one with `keras-imgdesc export tflite`",
            preset=str(preset),
        )
    return path


def open_interpreter(path: str | PathLike[str], num_threads: int | None) -> Any:
    """Open a `.tflite` file in LiteRT's interpreter.

    Args:
        path: the file.
        num_threads: number of threads; None lets LiteRT choose.

    Raises:
        InputError: `ai-edge-litert` is not installed.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise InputError(
            "A .tflite file runs in ai-edge-litert",
            "Install it with `pip install ai-edge-litert`",
            path=path,
        ) from None
    return Interpreter(model_path=str(path), num_threads=num_threads)
