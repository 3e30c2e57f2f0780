"""What travels inside an exported `.tflite` file."""

from __future__ import annotations

import json
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

from keras_imgdesc.errors import InputError

VOCABULARY_FILE = "vocabulary.txt"
METADATA_FILE = "keras_imgdesc.json"


def read_model_file(path: str | PathLike[str]) -> tuple[dict[str, Any], list[str]]:
    """The metadata and the vocabulary of a file of `export_tflite`.

    Raises:
        InputError: there is no file, or it was not written by `export_tflite`.
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
            f"The file must hold {METADATA_FILE} and {VOCABULARY_FILE}, whole",
            "Write it again with `keras-imgdesc export tflite`",
            path=path,
            reason=str(error),
        ) from None
    return metadata, tokens
