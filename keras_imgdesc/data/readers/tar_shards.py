"""Reading tar files without unpacking them, as far as they are whole."""

from __future__ import annotations

import bz2
import glob
import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from keras_imgdesc.data.readers.paths import check_ordinary, check_path, list_folder
from keras_imgdesc.errors import InputError

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_OPENERS: dict[bytes, Any] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
_BLOCK = tarfile.BLOCKSIZE
_PIECE = 1 << 20
# `tarfile` raises more than its own errors for damaged headers.
_ERRORS = (
    tarfile.TarError,
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    OverflowError,
    MemoryError,
)


def find_shards(annotations: str | os.PathLike[str]) -> list[Path]:
    """Return the tar files that a path names, sorted.

    Args:
        annotations: a tar file; a folder of tar files; or, if there is no such path, a
            pattern of file names.

    Returns:
        The files; none if the path names something else.
    """
    check_path(annotations=annotations)
    path = Path(annotations)
    if os.path.isdir(path):
        found = list_folder(path)
    elif os.path.exists(path) or not glob.has_magic(os.fspath(annotations)):
        found = [path]
    else:
        found = [Path(match) for match in glob.glob(os.fspath(annotations))]
    return sorted(p for p in found if p.name.lower().endswith(TAR_SUFFIXES))


def shard_name(path: Path) -> str:
    """Return the name of a tar file without its suffix."""
    name = path.name
    suffixes = sorted(TAR_SUFFIXES, key=len, reverse=True)
    return next((name[: -len(s)] for s in suffixes if name.lower().endswith(s)), name)


@dataclass(frozen=True)
class TarEntry:
    """An entry of a tar file.

    Attributes:
        name: its path, as written in the file.
        offset: position of its content in the uncompressed file.
        size: length of its content in bytes.
        is_file: whether it is an ordinary file: no folder, link or device.
    """

    name: str
    offset: int
    size: int
    is_file: bool


class TarShard:
    """A tar file, whose entries are listed and read by their position.

    Nothing is unpacked. What is behind a damaged header is still listed.

    Args:
        path: path of the file; may be compressed with gzip, bzip2 or xz.

    Attributes:
        damage: what was found damaged while the entries were listed.

    Raises:
        InputError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: list[str] = []
        check_ordinary(path)
        file: IO[bytes] | None = None
        try:
            with path.open("rb") as start:
                first = start.read(8)
            magic = next((m for m in _OPENERS if first.startswith(m)), None)
            file = path.open("rb") if magic is None else _OPENERS[magic](path, "rb")
            self._tar = tarfile.TarFile(
                fileobj=file, ignore_zeros=True, encoding="utf-8"
            )
        except _ERRORS as error:
            if file is not None:
                file.close()
            reason = getattr(error, "strerror", None) or error
            raise InputError(
                f"The tar file cannot be read: {reason or type(error).__name__}",
                "Check the path, or copy the file again",
                file=path,
            ) from error
        self._file = file

    def __enter__(self) -> TarShard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def entries(self) -> Iterator[TarEntry]:
        """Yield the entries in order; may be called once."""
        end = 0
        while True:
            try:
                member = self._tar.next()
            except _ERRORS:
                # The first block of an entry is intact, but not those that follow.
                self._tar.offset = max(self._tar.offset, end) + _BLOCK  # type: ignore[attr-defined]
                if self._read(self._tar.offset, _BLOCK):  # type: ignore[attr-defined]
                    continue
                member = None
            if member is None:
                break
            # It would hold every member, for `getmembers`.
            self._tar.members.clear()  # type: ignore[attr-defined]
            if member.offset_data < end or member.size < 0:
                self._tar.offset = max(member.offset, end) + _BLOCK  # type: ignore[attr-defined]
                continue
            if self._has_content(end, member.offset):
                self.damage.append(f"damaged at byte {end}")
            is_file = member.isreg() and member.sparse is None
            end = member.offset_data
            if is_file:
                end += -(-member.size // _BLOCK) * _BLOCK
            yield TarEntry(member.name, member.offset_data, member.size, is_file)
        if not self._read(end, 1):
            self.damage.append(f"no end mark at byte {end}: cut off")
        elif self._has_content(end, None):
            self.damage.append(f"damaged at byte {end}")

    def read(self, entry: TarEntry, limit: int) -> bytes | None:
        """Return the content of an entry; None if it is cut off or above a limit."""
        if entry.size > limit:
            return None
        content = self._read(entry.offset, entry.size)
        return content if len(content) == entry.size else None

    def _has_content(self, start: int, end: int | None) -> bool:
        """Return whether a part of the file, which no entry covers, is not zeros."""
        while end is None or start < end:
            piece = self._read(
                start, _PIECE if end is None else min(_PIECE, end - start)
            )
            if piece.strip(b"\0"):
                return True
            if not piece:
                return False
            start += len(piece)
        return False

    def _read(self, offset: int, size: int) -> bytes:
        """Return a part of the file, as far as it is there."""
        try:
            self._file.seek(offset)
            return self._file.read(size)
        except _ERRORS:
            return b""
