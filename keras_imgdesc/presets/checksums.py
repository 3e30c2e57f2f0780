"""The checksums of a preset's files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.folders import (
    CONFIG_FILE,
    MORE_PRESETS,
    VOCABULARY_FILE,
    WEIGHTS_FILE,
    installed_presets,
)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_files(folder: Path, checksums: Any) -> None:
    """Refuse missing and damaged files.

    Args:
        folder: the folder of the preset.
        checksums: the entry `sha256` of its `config.json`.

    Raises:
        InputError: a file is missing, or it has another checksum or none.
    """
    remedy = "Copy the preset again"
    for name in (VOCABULARY_FILE, WEIGHTS_FILE):
        if not isinstance(checksums, dict) or name not in checksums:
            raise InputError(
                f"{CONFIG_FILE} must have the checksum of {name}",
                remedy,
                file=folder / CONFIG_FILE,
            )
        if not (folder / name).is_file():
            if name == WEIGHTS_FILE and folder.parent == installed_presets():
                raise InputError(
                    "The weights of this preset are in another package; without them "
                    "it runs in LiteRT only",
                    MORE_PRESETS,
                    preset=folder.name,
                )
            raise InputError(
                "A preset must have all its files", remedy, file=folder / name
            )
        if sha256(folder / name) != checksums[name]:
            raise InputError(
                f"A file must have the checksum in {CONFIG_FILE}; it is damaged or "
                "from another preset",
                remedy,
                file=folder / name,
            )
