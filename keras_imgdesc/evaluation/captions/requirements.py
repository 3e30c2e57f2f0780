"""What caption metrics need: captions with references, packages, Java."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError


def check_references(
    captions: Sequence[str], references: Sequence[Sequence[str]]
) -> None:
    """Check that there is a caption, and that each has references.

    Args:
        captions: generated captions, one per image.
        references: reference captions, one or more per image.

    Raises:
        InputError: there is no caption, the numbers of captions and references differ,
            or an image has no reference.
    """
    if len(captions) != len(references) or not captions:
        raise InputError(
            "Each caption needs references, and there must be at least one caption",
            "Pass one caption and one list of references per image",
            captions=len(captions),
            references=len(references),
        )
    if not all(references):
        index = next(i for i, r in enumerate(references) if not r)
        raise InputError(
            "Every image must have at least one reference",
            "Omit images without reference captions",
            index=index,
        )


def checked_references(
    captions: Sequence[str], collection: CaptionCollection
) -> list[tuple[str, ...]]:
    """Return the references of each image, once `check_references` accepts them.

    Args:
        captions: generated captions, one per image.
        collection: images with reference captions.

    Raises:
        InputError: see `check_references`.
    """
    references = [example.captions for example in collection]
    check_references(captions, references)
    return references


def import_package(name: str) -> Any:
    """Import a module of the extra `eval`.

    Args:
        name: name of the module, with its package.

    Raises:
        InputError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"This score needs {name.split('.')[0]}",
            "Run: pip install 'keras-imgdesc[eval]'",
            missing=name,
        ) from error


def package_file(*parts: str) -> Path:
    """Return the path of a file of pycocoevalcap.

    Args:
        *parts: folders and name of the file inside the package.

    Raises:
        InputError: pycocoevalcap is not installed, or it lacks the file.
    """
    package = import_package("pycocoevalcap")
    path = Path(next(iter(package.__path__)), *parts)
    if not path.is_file():
        raise InputError(
            "pycocoevalcap must have all of its files",
            "Run: pip install --force-reinstall pycocoevalcap",
            missing=path,
        )
    return path


def find_java(purpose: str) -> str:
    """Return the path of a Java runtime that starts.

    The one in the environment variable `JAVA_HOME` comes before the one on the path.

    Args:
        purpose: what runs in Java, as the subject of the error's sentence.

    Raises:
        InputError: there is no Java runtime.
    """
    home = os.environ.get("JAVA_HOME")
    for place in ([Path(home, "bin")] if home else []) + [None]:
        java = shutil.which("java", path=place)
        # macOS has a placeholder of that name, which only prints a message.
        if java is not None and _starts(java):
            return java
    raise InputError(
        f"{purpose} runs in Java, and no Java runtime was found",
        "Install one, for example with 'apt install default-jre-headless', or use "
        "other metrics and the tokenizer 'words'",
        JAVA_HOME=home,
    )


def _starts(java: str) -> bool:
    try:
        done = subprocess.run(
            [java, "-version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return False
    return done.returncode == 0
