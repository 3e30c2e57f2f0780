"""The zip archive at the end of a `.tflite` file.

`zipfile` reads it, too, but importing `zipfile` takes longer than describing a photo.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

# Records of a zip file: signature and size of the fixed part.
_END = b"PK\x05\x06", 22
_ENTRY = b"PK\x01\x02", 46
_LOCAL = b"PK\x03\x04", 30
# Of all files together, and of them. A file has two, of some 50 kB.
_MOST_BYTES = 32 << 20
_MOST_FILES = 16


def read_entries(path: Path) -> dict[str, bytes]:
    """Return the contents of the files in an archive, by name.

    Args:
        path: a file that ends in a zip archive without a comment, whose files are not
            compressed.

    Raises:
        ValueError: there is no such archive, or it is damaged or too large.
    """
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        try:
            return _entries(content)
        except (IndexError, UnicodeDecodeError, struct.error) as error:
            raise ValueError(f"the archive is damaged ({error})") from None


def append_entries(path: Path, entries: Mapping[str, str]) -> None:
    """Append an archive to a file, for `read_entries`.

    It holds no time: the same file and entries always give the same bytes.

    Args:
        path: an existing file.
        entries: texts by the name of the file in the archive, in order.

    Raises:
        OSError: the file cannot be written to, or the disk is full.
    """
    import zipfile

    with zipfile.ZipFile(path, "a") as archive:
        for name, text in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, text)


def _entries(content: mmap.mmap) -> dict[str, bytes]:
    end = len(content) - _END[1]
    if end < 0 or content[end : end + 4] != _END[0]:
        raise ValueError("File is not a zip file")
    count, _, place = struct.unpack_from("<HII", content, end + 10)
    if count > _MOST_FILES:
        raise ValueError(f"the archive has more than {_MOST_FILES} files")
    found: dict[str, bytes] = {}
    room = _MOST_BYTES
    for _ in range(count):
        if content[place : place + 4] != _ENTRY[0]:
            raise ValueError("the directory of the archive is damaged")
        method, _, checksum, packed, size, name_length, extra, comment = (
            struct.unpack_from("<HIIIIHHH", content, place + 10)
        )
        (start,) = struct.unpack_from("<I", content, place + 42)
        name_start = place + _ENTRY[1]
        name = content[name_start : name_start + name_length].decode("utf-8")
        if method or packed != size or content[start : start + 4] != _LOCAL[0]:
            raise ValueError(f"{name} in the archive is damaged or compressed")
        if name in found:
            raise ValueError(f"{name} is twice in the archive")
        room -= size
        if room < 0:
            raise ValueError(f"the archive has more than {_MOST_BYTES:,} bytes")
        start += _LOCAL[1] + sum(struct.unpack_from("<HH", content, start + 26))
        data = content[start : start + size]
        if len(data) != size or zlib.crc32(data) != checksum:
            raise ValueError(f"{name} in the archive is damaged")
        found[name] = data
        place = name_start + name_length + extra + comment
    return found
