"""The images that a command is given, and what it says about other files."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click


def list_given(paths: Sequence[str | Path]) -> list[Path]:
    """List the images of files, folders and globs; say what is passed over."""
    from keras_imgdesc.images import find_images

    found = find_images(paths)
    tell_passed_over(found.passed_over)
    return found.paths


def tell_passed_over(paths: Iterable[Path]) -> None:
    """Count files that are not read as images, by suffix, on standard error."""
    from keras_imgdesc.images import say_passed_over

    if line := say_passed_over(paths):
        click.echo(line, err=True)
