import errno
import os
import subprocess
import sys

import pytest

from keras_imgdesc import atomic_files
from keras_imgdesc.atomic_files import atomic_path, is_partial, write_atomically


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


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    target = tmp_path / "b"
    code = (
        "import os, signal, sys; from keras_imgdesc.atomic_files import atomic_path\n"
        "with atomic_path(sys.argv[1]) as partial:\n"
        "    (partial / 'old').mkdir(parents=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code, target], env=environment)
    (left,) = tmp_path.iterdir()
    assert is_partial(left)
    with atomic_path(tmp_path / "c") as partial:  # another target's leftovers stay
        partial.touch()
    assert left.exists()
    with atomic_path(target) as partial:
        partial.mkdir()
    assert names(tmp_path) == ["b", "c"]
    assert list(target.iterdir()) == []


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
