"""Writing the files of images into a folder."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from keras_imgdesc.atomic_files import temporary_path
from keras_imgdesc.errors import InputError

# A file system refuses such a name; other files can still be written.
_NAME_ERRORS = (
    *(errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
)


class ImageWriter:
    """Write files of images into a folder, each of them whole or not at all.

    A context manager.

    Args:
        folder: folder of the images, which is made if it does not exist.

    Raises:
        InputError: on entering, if the folder cannot be written to.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._stack = ExitStack()

    def __enter__(self) -> ImageWriter:
        try:
            partial = temporary_path(self.folder / "images")
            self._partial = self._stack.enter_context(partial)
            self._partial.mkdir()
        except OSError as error:
            raise _disk_error(error, self.folder) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return self._stack.__exit__(kind, error, traceback)

    def holds(self, name: str, content: bytes) -> bool | None:
        """Return whether the folder has a file with this content.

        Returns:
            None if there is no file of that name, False if its content is another.
        """
        path = self.folder / name
        try:
            if path.stat().st_size != len(content):
                return False
            return path.read_bytes() == content
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            return None if missing or error.errno in _NAME_ERRORS else False

    def write(self, name: str, content: bytes) -> bool:
        """Write or replace a file.

        Args:
            name: path relative to the folder.
            content: bytes of the file.

        Returns:
            Whether it was written; False if the file system refuses the name.

        Raises:
            InputError: the folder cannot be written to, or the disk is full.
        """
        target, partial = self.folder / name, self._partial / "image"
        try:
            # No flush to the disk: `holds` finds a file that a power cut emptied.
            partial.write_bytes(content)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(partial, target)
        except OSError as error:
            if error.errno in _NAME_ERRORS:
                return False
            raise _disk_error(error, target) from error
        return True


def _disk_error(error: OSError, path: Path) -> InputError:
    return InputError(
        f"The image cannot be written: {error.strerror or error}",
        "Use a writable folder on a disk with free space",
        path=path,
    )
