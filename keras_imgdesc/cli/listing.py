"""List the images of a command, and report the files that it skips."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from keras_imgdesc.cli.output import say
from keras_imgdesc.errors import InputError


def list_given(paths: Sequence[str | Path]) -> list[Path]:
    """List the images of files, folders and globs; say what is passed over."""
    from keras_imgdesc.images import find_images

    found = find_images(paths)
    tell_passed_over(found.passed_over)
    return found.paths


def list_each(paths: Sequence[str]) -> tuple[list[Path], dict[str, InputError]]:
    """List the images of each path; say what is passed over.

    Args:
        paths: files, folders and globs.

    Returns:
        The images, sorted and without duplicates, and the error of each path that
        stands for no image.

    Raises:
        InputError: none of the paths stands for an image.
    """
    from keras_imgdesc.images import find_images

    found: set[Path] = set()
    passed_over: set[Path] = set()
    wrong: dict[str, InputError] = {}
    for path in paths:
        try:
            images = find_images(path)
        except InputError as error:
            wrong[path] = error
        else:
            found.update(images.paths)
            passed_over.update(images.passed_over)
    if not found and wrong:
        raise next(iter(wrong.values()))
    tell_passed_over(sorted(passed_over - found))
    return sorted(found), wrong


def tell_passed_over(paths: Iterable[Path]) -> None:
    """Count files that are not read as images, by suffix, on standard error."""
    from keras_imgdesc.images import say_passed_over

    if line := say_passed_over(paths):
        say(line, err=True)
