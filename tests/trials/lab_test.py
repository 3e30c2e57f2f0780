"""The lab sees how a case ends, and what it touches."""

import os
import signal
import subprocess
import sys
import time

import pytest
from auditing import count_changes, kill_at_change
from cases import Job
from file_mutations import mutate
from lab import Lab
from watching import FolderWatch


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path, workers=2)


def test_a_crash_a_hang_and_a_traceback_are_told_apart(lab):
    def crash():
        os.kill(os.getpid(), signal.SIGSEGV)

    def fail():
        raise ValueError("no")

    crashed, failed = lab.run("crash", crash), lab.run("fail", fail)
    assert crashed.has_crashed and crashed.code is None and not crashed.has_traceback
    assert failed.code == 1 and failed.has_traceback and "ValueError: no" in failed.err
    hung = lab.run("hang", lambda: time.sleep(600), limit=0.2)
    assert hung.has_hung and not hung.has_crashed
    killed = lab.run("killed", lambda: time.sleep(600), kill_after=0.2)
    assert killed.signal == signal.SIGKILL and not killed.has_crashed
    stopped = lab.run("stop", lambda: sys.exit(2))
    assert stopped.code == 2 and not stopped.has_traceback


def test_all_that_is_printed_is_kept(lab):
    ended = lab.run("print", lambda: print("x" * 200_000))
    assert ended.code == 0 and ended.out == "x" * 200_000 + "\n"


def test_memory_and_processor_time_are_measured(lab):
    assert lab.run("little", lambda: None).growth < 50 << 20
    ended = lab.run("much", lambda: len(b"x" * (200 << 20)))
    assert 150 << 20 < ended.growth < 300 << 20 and ended.cpu_seconds > 0


def test_a_process_that_outlives_its_case_is_noted_and_ended(lab, monkeypatch):
    monkeypatch.setattr("children.GRACE", 0.2)
    begun = []

    def leave():
        process = subprocess.Popen(["sleep", "600"])
        print(process.pid)

    ended = lab.run("leave", leave)
    assert ended.survivors and not begun
    with pytest.raises(ProcessLookupError):
        for _ in range(500):
            os.kill(int(ended.out), 0)
            time.sleep(0.01)


def test_a_chain_gets_the_outcome_of_each_case(lab, tmp_path):
    seen = []

    def chain(name):
        for code in (3, 4):
            job = Job(f"{name}{code}", lambda code=code: sys.exit(code), tmp_path)
            outcome = yield job
            seen.append((outcome.job.name, outcome.code))

    ended = list(lab.run_chains([chain("a"), chain("b"), chain("c")]))
    assert len(ended) == 6
    assert sorted(seen) == [
        (f"{name}{code}", code) for name in "abc" for code in (3, 4)
    ]


def test_a_kill_comes_before_the_named_change(lab, tmp_path):
    out = tmp_path / "out"
    out.mkdir()

    def write():
        for number in range(4):
            (out / f"{number}.partial").write_text("x")
            os.replace(out / f"{number}.partial", out / str(number))

    def counted():
        count_changes(out, tmp_path / "changes")
        write()

    lab.run("counted", counted)
    assert (tmp_path / "changes").read_text() == "8"
    for path in out.iterdir():
        path.unlink()

    def killed():
        kill_at_change(out, 5, 0.0)
        write()

    assert lab.run("killed", killed).signal == signal.SIGKILL
    # The sixth change is the third rename.
    assert sorted(p.name for p in out.iterdir()) == ["0", "1", "2.partial"]


def test_a_watched_folder_tells_what_another_process_does(lab, tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    quiet = FolderWatch(folder)
    lab.run("list", lambda: os.listdir(folder))
    assert [e for e in quiet.close() if "a.txt" in e] == []
    watch = FolderWatch(folder)
    lab.run("read", lambda: (folder / "a.txt").read_text())
    lab.run("write", lambda: (folder / "b.txt").write_text("b"))
    events = watch.close()
    assert "a.txt was opened" in events and "a.txt was read" in events
    assert "b.txt was created" in events and "b.txt was written to" in events


def test_a_change_is_a_function_of_the_seed(tmp_path):
    import random

    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "canary.txt").write_text("x")
    for seed in range(40):
        results = []
        for copy in ("one", "two"):
            folder = tmp_path / f"{copy}{seed}" / "given"
            folder.mkdir(parents=True)
            (folder / "a.json").write_text('{"a": [1, {"b": "c"}], "d": 2}')
            (folder / "b.txt").write_text("one,1,x\ntwo,2,y\n")
            said = mutate(random.Random(seed), folder, tmp_path / "outside")
            results.append((said, sorted(p.name for p in folder.iterdir())))
        assert results[0] == results[1]
