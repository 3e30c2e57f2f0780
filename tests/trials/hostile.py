"""Part: presets, indices, run directories and files that a stranger has made.

Each is a good one with one change, drawn from a seed. A verb that reads it is run in a
child where Python's audit events are noted; beside the child lies a folder of canary
files, which is watched by the system, too. The verb must neither open a file outside
nor connect to anything, must not print what it should not have read, and must end well
or with a message, soon and in little memory.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from auditing import absolute, is_path
from cases import Chain, Job, Outcome, command
from file_mutations import mutate
from hostile_targets import QUICK, TARGETS, Target
from json_mutations import SECRET
from lab import Lab
from PIL import Image
from reports import Report
from watching import FolderWatch
from world import World

SIZES = {"small": 12, "half": 150, "full": 300}
SECONDS, MEMORY = 2.0, 2**30
# Address space that a child may take beyond that of the warm process.
SPACE = 6 * 2**30
FAULTS = (
    *("crashes", "hangs", "tracebacks", "outside", "connections", "code"),
    *("secrets shown", "control characters", "broken JSON", "slow", "large", "unnamed"),
)
CONNECTIONS = ("socket.connect", "socket.getaddrinfo", "socket.bind", "urllib.Request")
CODE = ("pickle.find_class", "os.system", "os.exec", "os.posix_spawn")
ROOT = Path(__file__).resolve().parents[2]
# Where Python, its packages and the system lie.
SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc",
    "/proc/self",
    "/proc/cpuinfo",
    "/sys",
    "/dev",
)
PACKAGES = (
    Path(np.__file__).resolve().parents[1],
    *(ROOT, sys.prefix, sys.base_prefix, *(path for path in sys.path if path)),
    *(Path.home() / ".keras", Path.home() / ".cache/matplotlib"),
)
SECRET_FILES = ("/proc/self/environ", "/dev/zero")
CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u202a-\u202e\u2028\u2029]"
)


def run(lab: Lab, world: World, size: str) -> Report:
    """Run verbs on what strangers have made."""
    report = Report("hostile")
    report.expect_none(*FAULTS)
    targets = QUICK if size == "small" else TARGETS
    goods = {target.name: target.good(world) for target in targets}
    _ = world.index, world.captioned
    cases = []
    for number in range(SIZES[size]):
        target = targets[number % len(targets)]
        folder = lab.folder / "hostile" / f"{number:03d}"
        case = _Case(number, target, world, goods[target.name], folder, report)
        case.build_verbs()
        cases.append(case)
    for _ in lab.run_chains(case.chain() for case in cases):
        pass
    report.facts["refused"] = sum(case.is_refused for case in cases)
    report.facts["harmless"] = sum(not case.is_refused for case in cases)
    slowest = max((c.seconds for c in cases if c.is_refused), default=0.0)
    report.facts["slowest refusal, seconds"] = round(slowest, 2)
    largest = max(c.growth for c in cases)
    report.facts["most memory, MiB"] = largest >> 20
    return report


@dataclass
class _Case:
    number: int
    target: Target
    world: World
    good: Path
    folder: Path
    report: Report
    is_refused: bool = False
    seconds: float = 0.0
    growth: int = 0

    @property
    def given(self) -> Path:
        """What the stranger gave."""
        return self.folder / "inside" / self.good.name

    def build_verbs(self) -> None:
        """Build what the verbs need."""
        for verb in self.target.verbs:
            verb(self.world, self.given, self.folder / "out")

    def chain(self) -> Chain:
        """Change a copy, and run a verb on it."""
        chance = random.Random(self.number)
        outside = self._lay_out()
        said = mutate(chance, self.given, outside)
        verb = chance.choice(self.target.verbs)
        arguments = verb(self.world, self.given, self.folder / "out")
        watch = FolderWatch(outside)
        name = (
            f"{self.number} {self.target.name}, {said}: {' '.join(map(str, arguments))}"
        )
        ended = yield Job(
            name, lambda: self._work(arguments), self.folder / "out", limit=1200
        )
        self._judge(ended, arguments, watch.close())
        shutil.rmtree(self.folder)

    def _lay_out(self) -> Path:
        """Make the folders of the case; return the one with canary files."""
        self.given.parent.mkdir(parents=True)
        outside = self.folder / "outside"
        outside.mkdir()
        (self.folder / "out").mkdir()
        copy = shutil.copytree if self.good.is_dir() else shutil.copy2
        copy(self.good, self.given)  # type: ignore[operator]
        for path in [self.good, *self.good.rglob("*")]:
            if path.is_file():
                shutil.copy2(path, outside / path.name)
        (outside / "canary.txt").write_text(f"{SECRET}\n" * 20)
        (outside / "canary.bin").write_bytes(bytes(range(256)) * 400)
        Image.new("RGB", (20, 20)).save(outside / "canary.png")
        with h5py.File(outside / "canary.h5", "w") as file:
            file["x"] = np.zeros((64, 64), "f4")
        return outside

    def _work(self, arguments: list[object]) -> None:
        """Run the verb, noting what it opens and connects to."""
        os.environ["KERAS_IMGDESC_PRESETS"] = str(self.given.parent)
        used = int(Path("/proc/self/statm").read_text().split()[0])
        space = used * resource.getpagesize() + SPACE
        resource.setrlimit(resource.RLIMIT_AS, (space, space))
        notes = os.open(self.folder / "events", os.O_WRONLY | os.O_CREAT)
        # Files of packages may be links, as some tools install them.
        given = [self.folder / "inside", self.folder / "out", self.world.folder]
        given.append(Path("/proc", str(os.getpid())))
        allowed = [*SYSTEM, *map(os.path.realpath, [*given, *PACKAGES])]

        def hook(event: str, values: tuple[Any, ...]) -> None:
            if event == "open" and is_path(values[0]):
                path = absolute(values[0])
                real = os.path.realpath(path)
                inner = (a for a in allowed if f"{real}/".startswith(f"{a}/"))
                is_package = path.startswith((sys.prefix, str(ROOT)))
                if real in SECRET_FILES or not (is_package or any(inner)):
                    os.write(notes, f"outside: {path}\n".encode(errors="replace"))
            elif event in CONNECTIONS:
                os.write(notes, f"connections: {event} {values}\n".encode())
            elif event in CODE:
                os.write(notes, f"code: {event} {values}\n".encode())

        sys.addaudithook(hook)
        command(*arguments)()

    def _judge(self, ended: Outcome, arguments: list, touched: list[str]) -> None:
        self.report.cases += 1
        self.is_refused = ended.code != 0
        self.seconds, self.growth = ended.cpu_seconds, ended.growth
        printed = ended.out + ended.err
        events = self.folder / "events"
        notes = events.read_text(errors="replace") if events.exists() else ""
        found = [note.partition(": ")[::2] for note in notes.splitlines()]
        for kind in ("outside", "connections", "code"):
            what = [w for k, w in found if k == kind and not _is_temporary(w)]
            what += touched if kind == "outside" else []
            if what:
                self._fault(kind, ended, "; ".join(dict.fromkeys(what))[:300])
        # Captions that do not belong to the references are those of the other file.
        names = (self.given.name, "results.json")
        checks = {
            "crashes": ended.has_crashed,
            "hangs": ended.has_hung,
            "tracebacks": ended.has_traceback,
            # Of a file of captions, the first line may be shown.
            "secrets shown": SECRET in printed and self.good.is_dir(),
            "control characters": CONTROL.search(printed),
            "broken JSON": "--json" in arguments and not _is_json(ended.out),
            "slow": self.is_refused and self.seconds > SECONDS,
            "large": self.growth > MEMORY,
            # Of a recipe, the field is named.
            "unnamed": self.is_refused
            and self.target.name != "recipe"
            and not any(n in printed for n in names),
        }
        for kind, is_fault in checks.items():
            if is_fault:
                self._fault(kind, ended)

    def _fault(self, kind: str, ended: Outcome, what: str = "") -> None:
        printed = repr((ended.err or ended.out)[-500:])
        measured = f"{ended.cpu_seconds:.1f} s, {ended.growth >> 20} MiB"
        self.report.fault(kind, f"{ended.job.name}: {what} {measured} {printed}")


def _is_temporary(path: str) -> bool:
    """Return whether a path is one that Python or TensorFlow made up for itself."""
    name = r"(/tmp\w+|/(__pycache__/)?__autograph_generated_file.*)?"
    return re.fullmatch(re.escape(tempfile.gettempdir()) + name, path) is not None


def _is_json(printed: str) -> bool:
    try:
        return all(json.loads(line) is not None for line in printed.splitlines())
    except ValueError:
        return False
