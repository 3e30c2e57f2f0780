"""Changes of a stranger's files, by their kind."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from json_mutations import CONTROL, SECRET, mutate_json
from model_file_mutations import change_hdf5, change_lite_file, change_numpy

# Files over this size are not read here.
LARGEST = 2**30
Mutation = Callable[[random.Random, Path, Path], str]


def mutate(chance: random.Random, victim: Path, outside: Path) -> str:
    """Change one file of a stranger's folder, or the file that a stranger gave.

    Args:
        chance: draws the file and the change.
        victim: the folder or file.
        outside: folder with files that must not be read, among them one by each name
            of a good file.

    Returns:
        What was changed, in words.
    """
    files = sorted(path for path in victim.rglob("*") if path.is_file())
    files = [path for path in files if path.parent.name != "logs"] or [victim]
    # A list of kinds first, so that many photographs do not hide one configuration.
    suffix = chance.choice(sorted({path.suffix for path in files}))
    path = chance.choice([path for path in files if path.suffix == suffix])
    before = _sha256(path)
    kinds = OF_SUFFIX.get(path.suffix, TEXT)
    # The user knows whether what was given is a link.
    others = ANY if path == victim else (*ANY, *LINKS)
    change = chance.choice([*kinds, *kinds, *others])
    said = change(chance, path, outside)
    is_text = path.is_file() and not path.is_symlink()
    is_text = is_text and path.stat().st_size < LARGEST
    if is_text and path.suffix == ".json":
        _sign(path)
    elif is_text and chance.random() < 0.7:
        # A stranger can write checksums, too.
        _restamp(victim, before, _sha256(path))
        said += ", with its checksum"
    return f"{path.name}: {said}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _restamp(victim: Path, before: str, after: str) -> None:
    for path in victim.rglob("*.json") if victim.is_dir() else ():
        text = path.read_text()
        if before in text:
            path.write_text(text.replace(before, after))
            _sign(path)


def _sign(path: Path) -> None:
    """Renew the checksum that the manifest of an index states of itself."""
    try:
        values = json.loads(path.read_text())
        del values["sha256"]
        text = json.dumps(values, sort_keys=True)
    except (OSError, KeyError, TypeError, ValueError, RecursionError):
        return
    if path.name == "manifest.json" and isinstance(values, dict):
        values["sha256"] = hashlib.sha256(text.encode()).hexdigest()
        path.write_text(json.dumps(values, indent=1))


# === Any file ===


def _truncated(chance: random.Random, path: Path, outside: Path) -> str:
    size = path.stat().st_size
    os.truncate(path, chance.choice([0, 1, size // 2, max(size - 1, 0)]))
    return f"cut to {path.stat().st_size} of {size} bytes"


def _huge(chance: random.Random, path: Path, outside: Path) -> str:
    os.truncate(path, 8 * 2**30)
    return "8 GiB long"


def _folder(chance: random.Random, path: Path, outside: Path) -> str:
    path.unlink()
    path.mkdir()
    return "a folder"


def _link(chance: random.Random, path: Path, outside: Path) -> str:
    path.unlink()
    path.symlink_to(outside / path.name)
    return "a link to a file outside"


def _dangling(chance: random.Random, path: Path, outside: Path) -> str:
    path.unlink()
    path.symlink_to(outside / "new.txt")
    return "a link to a new file outside"


def _pipe(chance: random.Random, path: Path, outside: Path) -> str:
    path.unlink()
    os.mkfifo(path)
    return "a pipe"


def _gone(chance: random.Random, path: Path, outside: Path) -> str:
    path.unlink()
    return "missing"


def _unreadable(chance: random.Random, path: Path, outside: Path) -> str:
    path.chmod(0)
    return "unreadable"


def _linked_folder(chance: random.Random, path: Path, outside: Path) -> str:
    folder = path.parent
    if folder.name != "preset":
        return _link(chance, path, outside)  # a user may well give a link
    shutil.rmtree(folder)
    folder.symlink_to(outside)
    return "its folder is a link to one outside"


# === JSON ===


def _json(chance: random.Random, path: Path, outside: Path) -> str:
    content, said = mutate_json(chance, path.read_text(), outside, path.parent)
    path.write_bytes(content)
    return said


# === Text ===


def _secret(chance: random.Random, path: Path, outside: Path) -> str:
    path.write_text(f"{SECRET}\n" * 20)
    return "another text"


def _control_text(chance: random.Random, path: Path, outside: Path) -> str:
    lines = path.read_text("utf-8").split("\n")
    lines[chance.randrange(len(lines))] = CONTROL.replace("\n", "")
    path.write_text("\n".join(lines), "utf-8")
    return "control characters"


def _long_text(chance: random.Random, path: Path, outside: Path) -> str:
    lines = path.read_text("utf-8").split("\n")
    more = chance.choice([["x" * 3_000_000], [str(i) for i in range(400_000)]])
    path.write_text("\n".join([*lines[:3], *more, *lines[3:]]), "utf-8")
    return f"{len(more)} more lines of {len(more[0])} characters"


def _bytes(chance: random.Random, path: Path, outside: Path) -> str:
    path.write_bytes(chance.randbytes(2000))
    return "random bytes"


def _names_outside(chance: random.Random, path: Path, outside: Path) -> str:
    name = chance.choice([f"../{outside.name}/canary.png", f"{outside}/canary.png"])
    text = path.read_text("utf-8")
    words = [word for word in re.split(r"[\s,]", text) if word]
    images = [word for word in words if "/" in word] or words or ["x"]
    path.write_text(text.replace(images[0], name), "utf-8")
    return "a path outside"


ANY: tuple[Mutation, ...] = (*(_truncated, _huge, _folder, _pipe, _gone, _unreadable),)
LINKS: tuple[Mutation, ...] = (_link, _link, _dangling, _linked_folder)
TEXT: tuple[Mutation, ...] = (
    *(_secret, _control_text, _long_text, _bytes, _names_outside),
)
OF_SUFFIX: dict[str, tuple[Mutation, ...]] = {
    ".json": (_json,) * 10,
    ".h5": (change_hdf5,) * 8,
    ".npy": (change_numpy,) * 4,
    ".npz": (*(change_numpy,) * 4, _bytes),
    ".tflite": (change_lite_file,) * 6,
}
