"""The files into which `describe` writes captions."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import click

from keras_imgdesc.atomic_files import atomic_path, write_atomically
from keras_imgdesc.cli.caption_table import CaptionTable
from keras_imgdesc.cli.options import DIRECTORY
from keras_imgdesc.errors import InputError
from keras_imgdesc.printable import printable


class Sidecars:
    """A text or JSON file beside each image, of the same name: `a.jpg` and `a.txt`.

    Args:
        kind: `"txt"` or `"json"`.
        preset: name of the captioner, for JSON.
    """

    def __init__(self, kind: str, preset: str) -> None:
        self.kind, self.preset = kind, preset

    def target(self, path: Path) -> Path:
        """Return the file for an image."""
        return path.with_suffix(f".{self.kind}")

    def write(self, path: Path, caption: Any, overwrite: bool) -> None:
        """Write the caption of an image."""
        text = f"{caption.text}\n"
        if self.kind == "json":
            row = {"image": path.name, "caption": caption.text}
            row |= {"log_prob": round(caption.log_prob, 4), "preset": self.preset}
            text = json.dumps(row, indent=1) + "\n"
        write_atomically(self.target(path), text)


class TaggedCopies:
    """Copies of the images whose metadata have the caption.

    Args:
        folder: folder of the copies, with the subfolders of the images.
        images: all images of the command.
    """

    def __init__(self, folder: Path, images: Sequence[Path]) -> None:
        from keras_imgdesc.images.descriptions import import_pyexiv2

        import_pyexiv2()  # before a caption is computed
        self.folder = folder
        self.root = os.path.commonpath([path.absolute().parent for path in images])

    def target(self, path: Path) -> Path:
        """Return the copy of an image."""
        return self.folder / path.absolute().relative_to(self.root)

    def write(self, path: Path, caption: Any, overwrite: bool) -> None:
        """Write the copy of an image."""
        from keras_imgdesc.images.descriptions import add_description

        target = self.target(path)
        if target.exists() and target.samefile(path):
            raise InputError(
                "The copy of an image must not be the image itself",
                "Use another folder for --xmp",
                path=path,
            )
        content = add_description(
            path.read_bytes(), caption.text, overwrite=overwrite, path=path
        )
        with atomic_path(target) as partial:
            partial.write_bytes(content)
            shutil.copystat(path, partial)


def try_to_write(
    target: Path, write: Callable[..., None], *arguments: Any
) -> list[str]:
    """Write a file of one image; what fails does not stop the others.

    Args:
        target: the file, for the message.
        write: writes it, given the arguments.

    Returns:
        The message of a failure, if there was one.

    Raises:
        OSError: the disk is full.
    """
    try:
        write(*arguments)
    except InputError as error:
        return [str(error)]
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        return [printable(f"{target}: {error.strerror or error}")]
    return []


class CaptionFileOptions(NamedTuple):
    """The options of `caption_file_options`."""

    sidecar: str | None
    xmp: Path | None
    csv: Path | None
    skip_existing: bool
    overwrite: bool


class CaptionFiles:
    """All files that a command writes captions into.

    Args:
        options: what to write.
        images: all images of the command.
        preset: name of the captioner.

    Attributes:
        todo: the images to caption.
        skipped: number of images whose captions exist, copies included.

    Raises:
        InputError: a file exists that must be neither kept nor replaced, or pyexiv2 is
            needed and not installed.
    """

    def __init__(
        self, options: CaptionFileOptions, images: Sequence[Path], preset: str
    ) -> None:
        self._options = options
        self._places: list[Sidecars | TaggedCopies] = []
        if options.sidecar:
            self._places.append(Sidecars(options.sidecar, preset))
        if options.xmp is not None:
            self._places.append(TaggedCopies(options.xmp, images))
        # Of "a.jpg" and "a.png", the first gets "a.txt".
        self._owner: dict[Path, Path] = {}
        for path in images:
            for place in self._places:
                self._owner.setdefault(place.target(path), path)
        # Copies of an earlier call may be in the folder that is captioned.
        copies = {
            target.absolute()
            for target, owner in self._owner.items()
            if target.absolute() != owner.absolute()
        }
        originals = [path for path in images if path.absolute() not in copies]
        self._check(originals)
        self._table: CaptionTable | None = None
        if options.csv is not None:
            self._table = CaptionTable(options.csv, options.skip_existing)
        self.todo = [path for path in originals if not self._is_done(path)]
        self.skipped = len(images) - len(self.todo)

    def write(self, path: Path, caption: Any) -> list[str]:
        """Write the caption of an image into every file that lacks it.

        Args:
            path: the image.
            caption: its caption, with `text` and `log_prob`.

        Returns:
            What could not be written, a message each.
        """
        failed = []
        for place in self._places:
            target = place.target(path)
            failed += try_to_write(
                target, self._write_file, place, target, path, caption
            )
        if self._table is not None and str(path) not in self._table.images:
            self._table.add(path, caption)
        return failed

    def _write_file(
        self, place: Sidecars | TaggedCopies, target: Path, path: Path, caption: Any
    ) -> None:
        if self._owner[target] != path:
            raise InputError(
                "Two images cannot have one caption file",
                "Rename one of them, or use --csv",
                path=path,
                other=self._owner[target],
                caption_file=target,
            )
        if self._options.overwrite or not target.exists():
            place.write(path, caption, self._options.overwrite)

    def _is_done(self, path: Path) -> bool:
        if not self._options.skip_existing:
            return False
        targets = [place.target(path) for place in self._places]
        is_listed = self._table is None or str(path) in self._table.images
        # The second image of a shared file is not captioned in it.
        return is_listed and all(
            os.path.exists(target) and self._owner[target] == path for target in targets
        )

    def _check(self, images: Iterable[Path]) -> None:
        if self._options.skip_existing or self._options.overwrite:
            return
        targets = {p.target(image): None for image in images for p in self._places}
        # `Path.exists` raises for a name that is too long.
        existing = [target for target in targets if os.path.exists(target)]
        if self._options.csv is not None and self._options.csv.exists():
            existing.append(self._options.csv)
        if existing:
            raise InputError(
                "A file that exists is not overwritten",
                "Use --skip-existing to caption only the other images, or --overwrite",
                existing=len(existing),
                for_example=existing[0],
            )


def caption_file_options(command: Callable) -> Callable:
    """Add the options for files of captions, passed to the command as `files`."""

    @click.option(
        "--sidecar",
        type=click.Choice(["txt", "json"]),
        help="Write each caption into a file beside its image: a.txt for a.jpg.",
    )
    @click.option(
        "--xmp",
        type=DIRECTORY,
        help="Folder for copies of the images with the caption in their metadata "
        "(dc:description); the pixels stay as they are.",
    )
    @click.option(
        "--csv",
        "table",
        type=click.Path(dir_okay=False, path_type=Path),
        help="CSV file to write, with the columns image, caption and log_prob.",
    )
    @click.option(
        "--skip-existing",
        is_flag=True,
        help="Skip images that these files have captions of, as after a stop.",
    )
    @click.option(
        "--overwrite",
        is_flag=True,
        help="Replace existing files of --sidecar, --xmp and --csv.",
    )
    @wraps(command)
    def wrapped(
        *args: Any, sidecar, xmp, table, skip_existing, overwrite, **kwargs: Any
    ) -> Any:
        if skip_existing and overwrite:
            raise click.UsageError("Use --skip-existing or --overwrite, not both.")
        if (skip_existing or overwrite) and not (sidecar or xmp or table):
            raise click.UsageError(
                "--skip-existing and --overwrite need --sidecar, --xmp or --csv."
            )
        files = CaptionFileOptions(sidecar, xmp, table, skip_existing, overwrite)
        return command(*args, files=files, **kwargs)

    return wrapped
