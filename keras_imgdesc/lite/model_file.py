"""An exported `.tflite` file, and what travels inside it."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import check_json, parse_json
from keras_imgdesc.lite.archive import read_entries
from keras_imgdesc.lite.interpreter import open_interpreter
from keras_imgdesc.lite.metadata import Metadata, SpecialTokens, Square, Vector
from keras_imgdesc.presets.folders import find_preset, path_in_preset, read_config
from keras_imgdesc.text.token_files import parse_tokens

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

    def require(self, kind: type[Any], where: str = "") -> None:
        """Refuse a file whose metadata do not say what a task needs.

        Args:
            kind: the type of the metadata, or of a part of them.
            where: the place of that part, names separated by dots.

        Raises:
            LiteFileError: an entry is missing, or has another type or size.
        """
        value: Any = self.metadata
        for name in where.split(".") if where else ():
            value = value.get(name) if isinstance(value, dict) else None
        check_json(
            value,
            kind,
            where=where,
            what=f"{METADATA_FILE} in {self.path.name}",
            remedy=f"Write it again with {EXPORT}",
            allow_unknown=True,
            error=LiteFileError,
            path=self.path,
        )

    def image_size(self, signature: str, kind: str = "inputs") -> int:
        """Return the side of the square image of a signature, in pixels.

        Args:
            signature: name of the signature.
            kind: `"inputs"` or `"outputs"`.

        Raises:
            LiteFileError: it has no such image.
        """
        self.require(Square, f"signatures.{signature}.{kind}.image")
        size: int = self.signatures[signature][kind]["image"]["shape"][1]
        return size

    def width(self, signature: str, kind: str, tensor: str) -> int:
        """Return the width of a vector of a signature.

        Args:
            signature: name of the signature.
            kind: `"inputs"` or `"outputs"`.
            tensor: name of the vector.

        Raises:
            LiteFileError: it has no such vector.
        """
        self.require(Vector, f"signatures.{signature}.{kind}.{tensor}")
        width: int = self.signatures[signature][kind][tensor]["shape"][1]
        return width

    def check_ids(self, *ids: int) -> None:
        """Refuse ids for which there is no token.

        Args:
            *ids: token ids.

        Raises:
            LiteFileError: an id is negative, or not below the number of tokens.
        """
        if not all(0 <= token_id < len(self.tokens) for token_id in ids):
            raise LiteFileError(
                f"The model in {self.path.name} must belong to its vocabulary",
                f"Write it again with {EXPORT}",
                path=self.path,
                tokens=len(self.tokens),
                token_ids=list(ids),
            )

    def check_special_tokens(self) -> None:
        """Refuse a file that does not say which tokens are the special ones.

        Raises:
            LiteFileError: an id is missing, or there is no such token.
        """
        self.require(SpecialTokens, "vocabulary")
        ids = self.metadata["vocabulary"]
        self.check_ids(*(ids[name] for name in SpecialTokens.__annotations__))

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
    remedy = f"Copy it again, or write it with {EXPORT}"
    try:
        entries = read_entries(path)
        content, listing = entries[METADATA_FILE], entries[VOCABULARY_FILE]
    except (KeyError, OSError, ValueError) as error:
        raise LiteFileError(
            f"The file must contain {METADATA_FILE} and {VOCABULARY_FILE}; it is "
            "truncated, or `keras-imgdesc export` did not write it",
            remedy,
            path=path,
            reason=str(error),
        ) from None
    metadata: dict[str, Any] = dict(
        parse_json(
            content,
            Metadata,
            what=f"{METADATA_FILE} in {path.name}",
            remedy=remedy,
            allow_unknown=True,
            error=LiteFileError,
            path=path,
        )
    )
    tokens = parse_tokens(listing, path, error=LiteFileError)
    stated = metadata.get("flatbuffer")
    if stated is not None and stated["sha256"] != _digest(path, stated["size"]):
        raise LiteFileError(
            f"{path.name} is damaged: its model must have the checksum in "
            f"{METADATA_FILE}",
            remedy,
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
    path = path_in_preset(folder, name)
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
