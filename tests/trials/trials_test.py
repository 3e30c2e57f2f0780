"""The trials, in their small size."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PARTS = ("mutants", "kills", "hostile", "full_disk", "load")


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Run all parts in one process; return the report of each."""
    folder = tmp_path_factory.mktemp("trials")
    script = Path(__file__).with_name("run.py")
    done = subprocess.run(
        [sys.executable, script, "--workers", "1", "--output", folder],
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


@pytest.mark.parametrize("part", PARTS)
def test_there_is_no_fault(part, reports):
    report = reports[part]
    assert report["failures"] == []
    assert report["cases"] > 0 and not any(report["counts"].values())
