"""Run the trials: all parts, or those that are named.

    python tests/trials/run.py --size full
    python tests/trials/run.py kills hostile --size small

See README.md beside this file.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
import time
from pathlib import Path

import warming
from lab import Lab
from world import World

PARTS = ("mutants", "kills", "hostile", "full_disk", "load", "recipes_twice")
# Parts that run in the small size only if they are named.
LONG = ("recipes_twice",)
ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--size", choices=("small", "half", "full"), default="small")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "trials")
    parser.add_argument("--keep", action="store_true", help="keep the working folder")
    given = parser.parse_args()
    warming.warm_up()
    folder = Path(tempfile.mkdtemp(prefix="trials-")).resolve()
    try:
        place = Lab(folder, given.workers)
        world = World(place, folder / "world")
        usual = [p for p in PARTS if given.size != "small" or p not in LONG]
        passed = [_run(part, place, world, given) for part in given.parts or usual]
    finally:
        if not given.keep:
            shutil.rmtree(folder)
    sys.exit(not all(passed))


def _run(part: str, place: Lab, world: World, given: argparse.Namespace) -> bool:
    """Run a part, save its report, and return whether there was no fault."""
    print(f"{part}: begins", flush=True)
    start = time.monotonic()
    report = importlib.import_module(part).run(place, world, given.size)
    report.facts["processor seconds"] = round(place.cpu_seconds)
    place.cpu_seconds = 0.0
    report.facts["minutes"] = round((time.monotonic() - start) / 60, 1)
    report.save(given.output)
    verdict = "passed" if report.has_passed else "FAILED"
    print(f"{part}: {report.cases} cases, {verdict}, {report.counts}, {report.facts}")
    return report.has_passed


if __name__ == "__main__":
    main()
