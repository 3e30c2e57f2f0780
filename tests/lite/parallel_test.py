"""Workers run a toy function; the process of the test waits for them, never for time.

A worker takes over a second to start on a busy machine. `Toy` in this process waits for
a file that a worker writes, so that the worker does its part, whatever the machine.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.lite.parallel import AHEAD, map_images

ROOT = Path(__file__).parents[2]

TOY = """
import os, pathlib, signal, time
import numpy as np
from keras_imgdesc.errors import ImageError

class Toy:
    target = "toy_function:Toy"

    def __init__(self, folder, main):
        self.settings = {"folder": folder, "main": main}
        self.folder, self.is_main = pathlib.Path(folder), os.getpid() == main

    def __call__(self, source):
        if self.is_main and source == "wait":
            deadline = time.monotonic() + 100
            while not (self.folder / "go").exists():
                assert time.monotonic() < deadline, "no worker said go"
                time.sleep(0.01)
        if source == "broken":
            raise ImageError("It is broken", "Mend it", image=source, start=b"\\xff")
        if source == "wrong":
            raise ValueError("a fault in the code")
        if source == "deadly" and not self.is_main:
            os.kill(os.getpid(), signal.SIGKILL)
        if source == "go":
            (self.folder / "go").touch()
        return {"pid": np.array([os.getpid()]), "source": np.array([str(source)])}
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Return a function whose outputs are the image and the process it ran in."""
    (tmp_path / "toy_function.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "toy_function", raising=False)
    from toy_function import Toy

    return Toy(str(tmp_path), os.getpid())


def run(toy, sources, num_workers=2, patience=0.0):
    return map_images(toy, sources, num_workers, dict, patience=patience)


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_results_are_in_order_and_from_several_processes(toy):
    # This process waits with the first image; a worker does all the others.
    sources = ["wait", "b", "c", "d", "go", *map(str, range(40))]
    found = list(run(toy, sources))
    assert [source for source, _ in found] == sources
    assert [outputs["source"][0] for _, outputs in found] == sources
    pids = [int(outputs["pid"][0]) for _, outputs in found]
    assert pids[0] == os.getpid() and len(set(pids[1:5])) == 1
    assert pids[1] != os.getpid() and has_ended(pids[1])


def test_a_broken_image_is_an_error_in_its_place(toy):
    # The first is read by a worker, the second probably here.
    found = list(run(toy, ["wait", "broken", "go", "broken", "c"]))
    errors = [outputs for source, outputs in found if source == "broken"]
    expected = ImageError("It is broken", "Mend it", image="broken", start=b"\xff")
    assert [str(error) for error in errors] == [str(expected)] * 2
    assert [type(error) for error in errors] == [ImageError] * 2
    assert found[-1][1]["source"] == "c"


def test_a_dead_worker_is_named_and_replaced(toy):
    sources = ["wait", "b", "deadly", "d", "e", "go"]
    found = list(run(toy, sources))
    assert [source for source, _ in found] == sources
    error = found[2][1]
    assert isinstance(error, ImageError)
    for part in ("image='deadly'", "SIGKILL", "died"):
        assert part in str(error)
    pids = {
        source: int(outputs["pid"][0])
        for source, outputs in found
        if source != "deadly"
    }
    assert len({os.getpid(), pids["b"], pids["go"]}) == 3
    assert pids["d"] == pids["e"] == pids["go"]


@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_a_fault_is_raised_in_its_place(toy, is_elsewhere):
    sources = ["wait", "b", "wrong", "go"] if is_elsewhere else ["a", "b", "wrong"]
    stream = run(toy, sources, 2 if is_elsewhere else 1)
    assert [next(stream)[0], next(stream)[0]] == sources[:2]
    kind = RuntimeError if is_elsewhere else ValueError
    with pytest.raises(kind, match="a fault in the code"):
        next(stream)


def test_a_worker_that_cannot_start_leaves_the_work_to_the_others(toy):
    toy.settings = {"folder": toy.settings["folder"], "unknown": 1}
    threads = threading.active_count()
    stream = run(toy, count())
    with pytest.warns(RuntimeWarning, match="could not be started.*unknown"):
        next(stream)
        while threading.active_count() > threads:
            next(stream)
        next(stream)
    assert int(next(stream)[1]["pid"][0]) == os.getpid()
    stream.close()


@pytest.mark.parametrize("num_workers", [1, 2, 3])
def test_only_a_few_sources_are_taken_before_their_turn(toy, num_workers):
    taken = 0

    def sources():
        nonlocal taken
        for number in count():
            taken += 1
            yield str(number)

    stream = run(toy, sources(), num_workers)
    most = 0
    for number in range(100):
        next(stream)
        most = max(most, taken - number)
    stream.close()
    assert most == (1 if num_workers == 1 else AHEAD * num_workers)


def test_closing_ends_the_workers(toy):
    threads = threading.active_count()
    stream = run(toy, iter(["wait", "go", *map(str, range(1000))]), 3)
    next(stream)
    _, outputs = next(stream)
    pid = int(outputs["pid"][0])
    assert pid != os.getpid() and not has_ended(pid)
    stream.close()
    assert has_ended(pid)
    assert threading.active_count() == threads
    # Also one that nobody has begun to read.
    run(toy, ["a"]).close()


def test_an_error_of_the_sources_comes_after_the_images_before_it(toy):
    def sources():
        yield from ("a", "b", "c")
        raise OSError("the disk is gone")

    stream = run(toy, sources())
    assert [next(stream)[0] for _ in range(3)] == ["a", "b", "c"]
    with pytest.raises(OSError, match="the disk is gone"):
        next(stream)


def test_little_work_starts_no_worker(toy):
    threads = threading.active_count()
    for sources in (["a"], ["a", "b", "c"], (str(i) for i in range(100))):
        for _, outputs in run(toy, sources, patience=1000.0):
            assert int(outputs["pid"][0]) == os.getpid()
            assert threading.active_count() == threads
    # The work done so far is enough, but none is left.
    one_left = iter(["a", "b"])
    stream = run(toy, one_left, patience=1e-9)
    next(stream)
    assert threading.active_count() == threads
    stream.close()


def test_the_number_of_workers_is_checked_by_the_call(toy):
    with pytest.raises(InputError, match="num_workers=0"):
        run(toy, ["a"], 0)


@pytest.mark.parametrize(
    ("threads", "is_frozen", "expected"),
    [(None, False, 6), (1, False, 6), (4, False, 1), (2, False, 3), (1, True, 1)],
)
def test_the_usable_cores_are_used(toy, threads, is_frozen, expected, monkeypatch):
    monkeypatch.setattr("keras_imgdesc.lite.parallel.usable_cores", lambda: 6)
    monkeypatch.setattr(sys, "frozen", is_frozen, raising=False)
    toy.settings = {"num_threads": threads}
    pools = []

    class Pool:
        def __init__(self, function, num_others):
            pools.append(num_others)
            raise OSError("none here")

    monkeypatch.setattr("keras_imgdesc.lite.parallel.WorkerPool", Pool)
    with pytest.raises(OSError, match="none here"):
        next(run(toy, ["a"], None))
    assert pools == [expected - 1]


def children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


@pytest.fixture
def heeded_interrupts() -> Iterator[None]:
    """Let a new process heed SIGINT, which a job in the background ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_ctrl_c_ends_the_command_and_its_workers(tmp_path, heeded_interrupts):
    photo = sorted(ROOT.glob("examples/photos/*.jpg"))[0]
    for number in range(3000):
        (tmp_path / f"{number:04}.jpg").symlink_to(photo)
    command = [sys.executable, "-m", "keras_imgdesc.cli", "describe", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--runtime", "litert"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHON_CPU_COUNT": "2"},
        text=True,
        start_new_session=True,
    ) as process:
        lines = [process.stdout.readline()]
        # What is not read fills the pipe, so the command cannot end meanwhile.
        while not (workers := children_of(process.pid)):
            time.sleep(0.05)
        lines += [process.stdout.readline() for _ in range(20)]
        # As a terminal does, to all processes of the group.
        os.killpg(process.pid, signal.SIGINT)
        rest, errors = process.communicate(timeout=100)
    assert process.returncode == 130
    assert "Interrupted." in errors and "Traceback" not in errors
    lines += rest.splitlines(keepends=True)
    assert 21 <= len(lines) < 3000
    assert all(line.endswith("\n") and ".jpg: " in line for line in lines)
    assert all(map(has_ended, workers))
