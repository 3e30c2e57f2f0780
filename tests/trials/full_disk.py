"""Part: the disk is full.

Each verb that writes runs where no file may grow beyond a size, as `ulimit -f` sets it
(the system says "File too large"), and on a file system that holds little ("No space
left on device"), where the system allows a process to mount one. The verb must end with
a message that names a path of its output, and leave no partial files. With room again,
the same command must do what an undisturbed one does.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
from dataclasses import dataclass
from pathlib import Path

from cases import Chain, Job, Outcome, command
from kills import contents
from lab import Lab
from reports import Report
from verbs import VERBS, Verb
from world import World

SMALL = ("extract",)
FAULTS = ("crashes", "hangs", "tracebacks", "unnamed", "left over", "cannot go on")
# Of <sched.h>.
NEW_USER, NEW_MOUNTS = 0x10000000, 0x00020000


def run(lab: Lab, world: World, size: str) -> Report:
    """Run verbs without room for what they write."""
    report = Report("full_disk")
    report.expect_none(*FAULTS)
    verbs = [v for v in VERBS if size != "small" or v.name in SMALL]
    mounts = can_mount(lab)
    trials = []
    for place, verb in enumerate(verbs):
        folder = lab.folder / "full_disk" / f"{place:02d}"
        trials.append(_Trial(verb, world, folder, report, mounts and size != "small"))
        verb.arguments(world, folder / "out")  # builds what it needs
    for _ in lab.run_chains(trial.chain() for trial in trials):
        pass
    report.facts["verbs"] = len(verbs)
    report.facts["a full file system"] = "tried" if mounts else "not permitted here"
    return report


@dataclass
class _Trial:
    verb: Verb
    world: World
    folder: Path
    report: Report
    mounts: bool

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def chain(self) -> Chain:
        """Run the verb undisturbed, then without room, then again."""
        self.out.mkdir(parents=True)
        if self.verb.prepare:
            yield self._job("prepared", self._prepare)
        shutil.copytree(self.out, self.folder / "template", symlinks=True)
        expected = yield self._job("undisturbed", self._command)
        files, before = contents(self.out), contents(self.folder / "template")
        new = [n for n in files if files[n] != before.get(n)]
        if not new:
            raise RuntimeError(f"{self.verb.name}: {expected.out}{expected.err}")
        sizes = sorted((self.out / name).stat().st_size for name in new)
        limits = {0, sizes[-1] // 2, sizes[len(sizes) // 2] // 2}
        for limit in sorted(limits):
            self._reset()
            name = f"files of at most {limit} bytes"
            ended = yield self._job(name, lambda limit=limit: self._limited(limit))
            if ended.code == expected.code and contents(self.out) == files:
                continue  # it writes nothing that is larger
            self._judge(ended, contents(self.out), files)
            again = yield self._job(f"again after {name}", self._command)
            self._judge_again(again, expected, files)
        if self.mounts:
            self._reset()
            room = sum(sizes) // 2
            name = f"a disk with {room} bytes left"
            ended = yield self._job(name, lambda: self._mounted(room))
            found = json.loads((self.folder / "found").read_text())
            self._judge(ended, found, files)

    def _judge(
        self, ended: Outcome, found: dict[str, str], files: dict[str, str]
    ) -> None:
        self.report.cases += 1
        said = f"{ended.job.name}: code {ended.code}: {(ended.out + ended.err)[-700:]}"
        checks = {
            "crashes": ended.has_crashed,
            "hangs": ended.has_hung,
            "tracebacks": ended.has_traceback,
            "unnamed": ended.code == 0 or str(self.out) not in ended.err,
        }
        for kind, is_fault in checks.items():
            if is_fault:
                self.report.fault(kind, said)
        if others := sorted(found.keys() - files.keys()):
            self.report.fault("left over", f"{ended.job.name}: {others}")

    def _judge_again(
        self, again: Outcome, expected: Outcome, files: dict[str, str]
    ) -> None:
        found = contents(self.out)
        if again.code != expected.code or found != files:
            differing = [n for n in files | found if files.get(n) != found.get(n)]
            said = f"{again.job.name}: {differing}: {again.err[-700:]}"
            self.report.fault("cannot go on", said)

    def _job(self, name: str, work) -> Job:
        return Job(f"{self.verb.name}, {name}", work, self.folder, 600.0)

    def _prepare(self) -> None:
        assert self.verb.prepare
        self.verb.prepare(self.world, self.out)

    def _command(self) -> None:
        command(*self.verb.arguments(self.world, self.out))()

    def _limited(self, limit: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        self._command()

    def _mounted(self, room: int) -> None:
        template = self.folder / "template"
        used = sum(p.stat().st_size for p in template.rglob("*") if p.is_file())
        mount(self.out, room, used)
        shutil.copytree(template, self.out, symlinks=True, dirs_exist_ok=True)
        try:
            self._command()
        finally:
            found = json.dumps(contents(self.out))
            (self.folder / "found").write_text(found)

    def _reset(self) -> None:
        shutil.rmtree(self.out)
        shutil.copytree(self.folder / "template", self.out, symlinks=True)


def can_mount(lab: Lab) -> bool:
    """Return whether a process may mount a file system of its own."""
    place = lab.folder / "mounted"
    place.mkdir()
    return lab.run("mount", lambda: mount(place, 4096, 0)).code == 0


def mount(place: Path, room: int, used: int) -> None:
    """Mount an empty file system that only this process sees.

    Args:
        place: folder to mount it on.
        room: bytes that are free.
        used: bytes that will be copied into it first.

    Raises:
        OSError: the system does not allow it.
    """
    library = ctypes.CDLL(None, use_errno=True)
    is_root = os.geteuid() == 0
    if library.unshare(NEW_MOUNTS if is_root else NEW_MOUNTS | NEW_USER):
        raise OSError(ctypes.get_errno(), "unshare")
    # Changes must not reach the mounts of other processes: MS_REC | MS_PRIVATE.
    library.mount(b"none", b"/", None, ctypes.c_ulong(0x44000), None)
    page = os.sysconf("SC_PAGE_SIZE")
    # Each file takes whole pages.
    size = (room // page + used // page + 16) * page
    options = f"size={size}".encode()
    if library.mount(
        b"tmpfs", os.fsencode(place), b"tmpfs", ctypes.c_ulong(0), options
    ):
        raise OSError(ctypes.get_errno(), "mount")
