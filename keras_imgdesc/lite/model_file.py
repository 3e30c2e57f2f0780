"""An exported `.tflite` file, and what travels inside it."""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.archive import read_entries
from keras_imgdesc.lite.interpreter import open_interpreter
from keras_imgdesc.presets.folders import find_preset, read_config

VOCABULARY_FILE = "vocabulary.txt"
METADATA_FILE = "keras_imgdesc.json"
# Commands for remedies. Without --quantize a file has float32 weights, four times the
# size.
EXPORT = "`keras-imgdesc export tflite --preset PRESET --quantize dynamic -o FILE`"
EXPORT_INTO_PRESET = (
    "`keras-imgdesc export tflite --preset PRESET --quantize dynamic --into-preset`"
)

# The name of a preset's file by its task.
PRESET_FILES = {
    "ImageCaptioner": "captioner.tflite",
    "ImageClassifier": "classifier.tflite",
    "ImageTextMatcher": "matcher.tflite",
    "TextToImage": "painter.tflite",
}


class LiteFileError(InputError):
    """A `.tflite` file is damaged, or belongs to another version of its preset."""


@dataclass(frozen=True)
class ModelFile:
    """A file of `export_tflite`.

    Attributes:
        path: the file.
        metadata: what `keras_imgdesc.json` in it says.
        tokens: the vocabulary; the index of a token is its id.
    """

    path: Path
    metadata: dict[str, Any]
    tokens: list[str]

    @property
    def signatures(self) -> dict[str, Any]:
        """The inputs and outputs of each signature, by its name."""
        found: dict[str, Any] = self.metadata.get("signatures", {})
        return found

    @property
    def preset_checksums(self) -> dict[str, str] | None:
        """The checksums of the preset's files, see `checksums_of`.

        None if the file was exported from a task in Python, or by an earlier version.
        """
        return self.metadata.get("preset_sha256")

    def check_version(self, config: Mapping[str, Any]) -> None:
        """Refuse a file that belongs to another version of a preset.

        A file that does not say what it belongs to is accepted.

        Args:
            config: the contents of the preset's `config.json`.

        Raises:
            LiteFileError: the preset had other weights or another vocabulary.
        """
        stated = self.preset_checksums
        if stated is not None and stated != checksums_of(config):
            raise LiteFileError(
                f"{self.path.name} belongs to another version of the preset",
                f"Write it again with {EXPORT_INTO_PRESET}",
                path=self.path,
            )

    def open(self, num_threads: int | None) -> Any:
        """Open the file in LiteRT's interpreter.

        Args:
            num_threads: number of threads; None lets LiteRT choose.

        Raises:
            InputError: `ai-edge-litert` is not installed.
            LiteFileError: LiteRT cannot read the file.
        """
        try:
            return open_interpreter(str(self.path), num_threads)
        except ImportError:
            raise InputError(
                "A .tflite file runs in ai-edge-litert",
                "Install it with `pip install ai-edge-litert`",
                path=self.path,
            ) from None
        except (RuntimeError, ValueError) as error:
            raise LiteFileError(
                "LiteRT must be able to read the file",
                f"Write it again with {EXPORT}, or install a newer ai-edge-litert",
                path=self.path,
                reason=str(error),
            ) from None


def read_model_file(path: str | PathLike[str] | ModelFile) -> ModelFile:
    """Read the metadata and the vocabulary of a file of `export_tflite`.

    Args:
        path: the `.tflite` file; one that is read already is returned.

    Raises:
        InputError: the file does not exist.
        LiteFileError: `export_tflite` did not write the file, or it is damaged. Files
            of earlier versions do not state the checksum that tells.
    """
    if isinstance(path, ModelFile):
        return path
    path = Path(path)
    if not path.is_file():
        raise InputError("There is no such file", "Check the path", path=path)
    try:
        entries = read_entries(path)
        metadata = json.loads(entries[METADATA_FILE])
        tokens = entries[VOCABULARY_FILE].decode("utf-8").split("\n")[:-1]
        stated = metadata.get("flatbuffer")
        is_whole = stated is None or stated["sha256"] == _digest(path, stated["size"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LiteFileError(
            f"The file must contain {METADATA_FILE} and {VOCABULARY_FILE}; it is "
            "truncated, or `keras-imgdesc export` did not write it",
            f"Copy it again, or write it with {EXPORT}",
            path=path,
            reason=str(error),
        ) from None
    if not is_whole:
        raise LiteFileError(
            f"{path.name} is damaged: its model must have the checksum in "
            f"{METADATA_FILE}",
            f"Copy it again, or write it with {EXPORT}",
            path=path,
        )
    return ModelFile(path, metadata, tokens)


def preset_file(preset: str | PathLike[str], name: str) -> ModelFile:
    """Read the `.tflite` file that some presets ship with.

    Args:
        preset: name or folder of the preset.
        name: name of the file.

    Raises:
        InputError: there is no such preset, or it ships without the file.
        LiteFileError: the file is damaged or belongs to another version of the preset.
    """
    folder = find_preset(preset)
    path = folder / name
    if not path.is_file():
        raise InputError(
            f"The preset ships without a {name}",
            f"Write one with {EXPORT_INTO_PRESET}",
            preset=str(preset),
        )
    file = read_model_file(path)
    file.check_version(read_config(folder))
    return file


def checksums_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the checksums that tell one version of a preset from another.

    Args:
        config: the contents of the preset's `config.json`.

    Returns:
        The SHA-256 of the preset's files by their names and, for a preset that shares
        weights, that of the other preset's weights as `shared_weights`.
    """
    found = dict(config.get("sha256") or {})
    if "shared_weights" in config:
        found["shared_weights"] = config["shared_weights"]["sha256"]
    return found


def flatbuffer_entry(content: bytes) -> dict[str, Any]:
    """Return the entry `flatbuffer` of the metadata: size and SHA-256 of the model."""
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _digest(path: Path, size: int) -> str:
    """Return the SHA-256 of the first bytes of a file."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        memoryview(content) as view,
        view[:size] as model,
    ):
        return hashlib.sha256(model).hexdigest()
