"""What the file of a matcher states of its vectors."""

from __future__ import annotations

from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.model_file import EXPORT, ModelFile


def vectors_fingerprint(file: ModelFile) -> str | None:
    """Return the digest of a file's vectors; None if the file does not state it."""
    stated = file.metadata.get("fingerprint")
    if stated is None or file.metadata["quantize"] in (None, "float16"):
        return stated
    # Another file has other rounding errors.
    return f"{stated}-{file.metadata['flatbuffer']['sha256'][:16]}"


def stated_in(file: ModelFile, entry: str) -> Any:
    """Return an entry of the metadata.

    Raises:
        InputError: the file was written before there was such an entry.
    """
    if entry not in file.metadata:
        raise InputError(
            f"An index or a search needs a file that states its {entry}; this one is "
            "of an earlier version",
            f"Write it again with {EXPORT}",
            path=file.path,
        )
    return file.metadata[entry]
