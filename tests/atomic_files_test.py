import errno
import os
import platform
import signal
import stat
import subprocess
import sys

import pytest

from keras_imgdesc import atomic_files
from keras_imgdesc.atomic_files import (
    atomic_path,
    is_partial,
    write_atomically,
    write_together,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_complete(tmp_path):
    target = tmp_path / "a" / "b"
    with atomic_path(target) as partial:
        partial.mkdir()
        (partial / "file").touch()
        assert not target.exists()
        assert is_partial(partial)
    assert names(target.parent) == ["b"]
    assert (target / "file").exists()


def test_a_file_is_replaced(tmp_path):
    target = tmp_path / "file"
    write_atomically(target, "ä")
    assert target.read_bytes() == "ä".encode()
    write_atomically(target, b"after")
    assert target.read_bytes() == b"after"
    assert names(tmp_path) == ["file"]


def test_the_suffix_is_kept(tmp_path):
    with atomic_path(tmp_path / "vgg16.weights.h5") as partial:
        assert partial.name.endswith(".weights.h5")
        partial.touch()


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt("stop"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))],
    ids=["interrupted", "full"],
)
def test_a_failure_leaves_nothing(tmp_path, error):
    with (
        pytest.raises(type(error), match=str(error.args[-1])),
        atomic_path(tmp_path / "a" / "b") as partial,
    ):
        partial.mkdir()
        raise error
    assert names(tmp_path) == []


def test_a_failing_sync_keeps_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "file"
    write_atomically(target, b"before")

    def fail(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic_files.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(target, b"after")
    assert target.read_bytes() == b"before"
    assert names(tmp_path) == ["file"]


def child(code, *arguments):
    """Run code in a process that has this package, and return its exit code."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment).returncode


KILLED = (
    "import os, signal, sys; from keras_imgdesc.atomic_files import atomic_path\n"
    "with atomic_path(sys.argv[1]) as partial:\n"
    "    (partial / 'old').mkdir(parents=True)\n"
    "    os.kill(os.getpid(), signal.SIGKILL)"
)


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    assert child(KILLED, tmp_path / "b") == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert is_partial(left)
    (tmp_path / ".partial-of-mine").touch()
    # The leftovers of all targets: that of a checkpoint never comes again.
    write_atomically(tmp_path / "c", b"")
    assert names(tmp_path) == [".partial-of-mine", "c"]


def test_a_later_process_of_the_same_number_does_not_keep_a_leftover(
    tmp_path, monkeypatch
):
    with atomic_path(tmp_path / "b") as partial:
        partial.touch()
        write_atomically(tmp_path / "c", b"")
        assert partial.exists()  # its process runs
        started = atomic_files._start_of(os.getpid())
        later = partial.name.replace(f"-{started}-", f"-{started - 1}-")
        assert later != partial.name
        (tmp_path / later).mkdir()
        write_atomically(tmp_path / "c", b"")
        assert partial.exists() and not (tmp_path / later).exists()


def test_leftovers_of_another_computer_are_removed_when_they_are_old(
    tmp_path, monkeypatch
):
    """A computer of a shared disk may be at work; its processes are not known here."""
    here = atomic_files._host
    with monkeypatch.context() as patched:
        patched.setattr(atomic_files, "_host", lambda: "other-1-2")
        name = atomic_files._temporary_name("b")
    name = name.replace(f"-{os.getpid()}-", "-999999999-")
    assert here() != "other-1-2"
    (tmp_path / name / "inner").mkdir(parents=True)
    write_atomically(tmp_path / "c", b"")
    assert names(tmp_path) == [name, "c"]
    week = 8 * 24 * 3600
    monkeypatch.setattr(atomic_files.time, "time", lambda: start + week)
    start = (tmp_path / name).stat().st_mtime
    write_atomically(tmp_path / "c", b"")
    assert names(tmp_path) == ["c"]


def test_names_of_earlier_versions_are_known(tmp_path):
    host = platform.node()
    old = [f".partial-{host}-999999999-3-b", ".recipe.json.partial"]
    for name in old:
        (tmp_path / name).touch()
        assert is_partial(name)
    assert not is_partial("b.partial") and not is_partial("partial-b")
    write_atomically(tmp_path / "c", b"")
    assert names(tmp_path) == [".recipe.json.partial", "c"]


def test_names_cannot_be_foretold(tmp_path):
    found = set()
    for _ in range(20):
        with atomic_path(tmp_path / "b") as partial:
            found.add(partial.name)
            partial.touch()
    tokens = {name.split("-")[-2] for name in found}
    assert len(tokens) == 20 and all(len(token) == 16 for token in tokens)


@pytest.mark.parametrize("name", ["n" * 248 + ".tar.gz", "ä" * 124 + ".tar.gz"])
def test_names_may_be_as_long_as_the_file_system_permits(tmp_path, name, monkeypatch):
    monkeypatch.setattr(atomic_files.platform, "node", lambda: "host" * 30)
    atomic_files._host.cache_clear()
    with atomic_path(tmp_path / name) as partial:
        assert partial.name.endswith(".tar.gz")
        partial.write_text("whole")
    atomic_files._host.cache_clear()
    assert (tmp_path / name).read_text() == "whole"


def test_links_are_not_followed(tmp_path, monkeypatch):
    """Whoever knows the temporary name and puts a link there gains nothing."""
    other = tmp_path / "other"
    other.write_text("mine")
    monkeypatch.setattr(atomic_files, "_temporary_name", lambda name: ".partial-known")
    (tmp_path / ".partial-known").symlink_to(other)
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "b", b"theirs")
    assert other.read_text() == "mine" and not (tmp_path / "b").exists()


def test_a_link_in_the_place_of_the_target_is_replaced(tmp_path):
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / "b").symlink_to(other)
    write_atomically(tmp_path / "b", b"theirs")
    assert other.read_text() == "mine" and not (tmp_path / "b").is_symlink()


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_the_mask(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "file", b"")
        with atomic_path(tmp_path / "new" / "folder") as partial:
            partial.mkdir()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~mask
    for folder in ("new", "new/folder"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o777 & ~mask


def test_an_error_names_the_target(tmp_path, monkeypatch):
    """Not the temporary path, and not None, as an error of `fsync` does."""
    with pytest.raises(OSError) as caught, atomic_path(tmp_path / "b") as partial:
        (partial / "inner").touch()
    assert caught.value.filename == str(tmp_path / "b" / "inner")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "other").touch()
    with pytest.raises(OSError) as caught, atomic_path(tmp_path / "b") as partial:
        partial.mkdir()
    assert caught.value.filename == str(tmp_path / "b")
    assert ".partial" not in str(caught.value)

    def fail(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic_files.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        write_atomically(tmp_path / "c", b"")
    assert caught.value.filename == str(tmp_path / "c")
    assert names(tmp_path) == ["b"]


def test_concurrent_writers_do_not_share_a_path(tmp_path):
    target = tmp_path / "b"
    with atomic_path(target) as first:
        first.write_text("first")
        with pytest.raises(KeyboardInterrupt), atomic_path(target) as second:
            second.write_text("second")
            raise KeyboardInterrupt
    assert names(tmp_path) == ["b"]
    assert target.read_text() == "first"


def test_other_files_of_the_folder_stay(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(KeyboardInterrupt), atomic_path(tmp_path / "b"):
        raise KeyboardInterrupt
    assert names(tmp_path) == ["mine"]


def test_files_are_written_together_or_not_at_all(tmp_path, monkeypatch):
    folder = tmp_path / "report"
    write_together(folder, {"a.json": "1", "b.html": b"2"})
    assert names(folder) == ["a.json", "b.html"]
    assert (folder / "b.html").read_bytes() == b"2"

    def open_or_fail(path):
        if path.name.endswith("b.html"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(path)

    opened = atomic_files.open_new
    monkeypatch.setattr(atomic_files, "open_new", open_or_fail)
    for place in (folder, tmp_path / "other" / "deep"):
        with pytest.raises(OSError, match="No space left") as caught:
            write_together(place, {"a.json": "3", "b.html": "4", "c": "5"})
        assert caught.value.filename == str(place / "b.html")
    assert names(folder) == ["a.json", "b.html"]
    assert (folder / "a.json").read_text() == "1"
    assert names(tmp_path) == ["report"]


def test_an_error_without_a_number_keeps_its_message(tmp_path):
    with (
        pytest.raises(OSError, match="^no room for the data set$"),
        atomic_path(tmp_path / "a.h5"),
    ):
        raise OSError("no room for the data set")
