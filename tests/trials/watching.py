"""Tell whether any process touches a folder, also from C++."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

# Of <sys/inotify.h>.
EVENTS = {
    0x001: "read",
    0x002: "written to",
    0x020: "opened",
    0x0C0: "moved",
    0x100: "created",
    0x200: "deleted",
}
HEADER = struct.Struct("iIII")


class FolderWatch:
    """Notes what happens to the files of a folder from now on.

    Args:
        folder: the folder; its subfolders are not watched.
    """

    def __init__(self, folder: Path) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._queue = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        watched = library.inotify_add_watch(
            self._queue, os.fsencode(folder), sum(EVENTS)
        )
        if self._queue < 0 or watched < 0:
            raise OSError(ctypes.get_errno(), "inotify is not available")

    def close(self) -> list[str]:
        """Return what has happened, and stop."""
        found: dict[str, None] = {}
        try:
            while content := os.read(self._queue, 65536):
                found |= dict.fromkeys(_decode(content))
        except BlockingIOError:
            pass
        finally:
            os.close(self._queue)
        return list(found)


def _decode(content: bytes) -> list[str]:
    events, place = [], 0
    while place < len(content):
        _, mask, _, length = HEADER.unpack_from(content, place)
        place += HEADER.size
        name = content[place : place + length].rstrip(b"\0")
        place += length
        kind = next((text for bit, text in EVENTS.items() if mask & bit), str(mask))
        events.append(f"{os.fsdecode(name) or 'the folder'} was {kind}")
    return events
