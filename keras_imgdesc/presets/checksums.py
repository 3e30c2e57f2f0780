"""The checksums of a preset's files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.folders import (
    CONFIG_FILE,
    MORE_PRESETS,
    VOCABULARY_FILE,
    WEIGHTS_FILE,
    installed_presets,
    path_in_preset,
)

# Of the largest file whose checksum is computed.
MOST_BYTES = {VOCABULARY_FILE: 16 << 20, WEIGHTS_FILE: 2 << 30}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_too_large(path: Path) -> bool:
    """Return whether a file is larger than any of its name in a preset."""
    return path.stat().st_size > MOST_BYTES[path.name]


def check_files(folder: Path, checksums: Mapping[str, str] | None) -> None:
    """Refuse missing and damaged files.

    Args:
        folder: the folder of the preset.
        checksums: the entry `sha256` of its `config.json`.

    Raises:
        InputError: a file is missing, too large or a link out of the folder, or it has
            another checksum or none.
    """
    remedy = "Copy the preset again"
    for name, most in MOST_BYTES.items():
        if checksums is None or name not in checksums:
            raise InputError(
                f"{CONFIG_FILE} must have the checksum of {name}",
                remedy,
                file=folder / CONFIG_FILE,
            )
        path = path_in_preset(folder, name)
        if not path.is_file():
            if name == WEIGHTS_FILE and folder.parent == installed_presets():
                raise InputError(
                    "The weights of this preset are in another package; without them "
                    "it runs in LiteRT only",
                    MORE_PRESETS,
                    preset=folder.name,
                )
            raise InputError("A preset must have all its files", remedy, file=path)
        if is_too_large(path):
            raise InputError(
                f"{name} may have at most {most:,} bytes",
                remedy,
                file=path,
                size=path.stat().st_size,
            )
        if sha256(path) != checksums[name]:
            raise InputError(
                f"A file must have the checksum in {CONFIG_FILE}; it is damaged or "
                "from another preset",
                remedy,
                file=path,
            )
