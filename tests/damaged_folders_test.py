"""Changed folders of this package are refused by name; nothing outside is touched."""

import json
import os
import subprocess
import sys
from pathlib import Path

MUTATED = Path(__file__).with_name("mutated_folders.py")
FULL = Path(__file__).with_name("full_disk.py")


def run(script: Path, *arguments: object) -> list[dict]:
    """Run a script of this folder, and return the JSON lines that it prints."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, str(script), *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_changed_folders_are_read_or_refused() -> None:
    assert run(MUTATED, "index,run,features,texts", 100) == []


def test_a_full_disk_is_named_and_leaves_nothing_unfinished() -> None:
    assert run(FULL) == []
