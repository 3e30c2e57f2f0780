"""What is written while there is no room for files of more than some bytes.

    python tests/full_disk.py

A limit on the size of files stands for a full disk, so that no other one is needed.
Each folder is made with every limit of a list. Prints one JSON object per fault: an
error that does not name a path, an unfinished file that stays, or a folder that cannot
be completed when there is room again.
"""

import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mutated_folders import KINDS, draw_photos, make  # noqa: E402

from keras_imgdesc.atomic_files import is_partial  # noqa: E402
from keras_imgdesc.errors import InputError  # noqa: E402

LIMITS = [0, 1, 100, 127, 128, 129, 150, 300, 500, 800, 1200]


def main() -> None:
    # A process that writes more is told, instead of being killed.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(os.path.realpath(temporary))
        photos = draw_photos(place)
        for kind in KINDS:
            make(kind, place / "warm", photos)  # so that all is imported
            shutil.rmtree(place / "warm")
            for limit in LIMITS:
                fault = _try(kind, place / "case" / "inner", photos, limit)
                if fault is not None:
                    print(json.dumps({"kind": kind, "limit": limit, "fault": fault}))
                shutil.rmtree(place / "case", ignore_errors=True)


def _try(kind: str, folder: Path, photos: Path, limit: int) -> str | None:
    named: object = "nothing failed"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        make(kind, folder, photos)
    except OSError as error:
        named = error.filename
    except InputError as error:
        received = error.received
        named = received.get("path", received.get("file"))
    except BaseException:
        return traceback.format_exc()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    if named != "nothing failed" and not str(named).startswith(str(folder)):
        return f"The error names {named}"
    left = [str(path) for path in folder.parent.rglob("*") if is_partial(path)]
    if left:
        return f"Unfinished files: {left}"
    if kind in ("index", "texts") and named != "nothing failed":
        is_empty = (
            not folder.exists()
            or kind == "index"
            and any(path.name == "manifest.json" for path in folder.iterdir())
        )
        if not is_empty:
            return f"A folder stays: {sorted(map(str, folder.rglob('*')))}"
    try:
        make(kind, folder, photos)
        KINDS[kind](folder, photos)
    except BaseException:
        return f"It cannot be completed: {traceback.format_exc()}"
    return None


if __name__ == "__main__":
    main()
