import errno
import os
import subprocess
import sys

import pytest
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.export.whole import written_whole


def test_a_folder_appears_whole(tmp_path):
    target = tmp_path / "a" / "b"
    with written_whole(target) as partial:
        partial.mkdir()
        (partial / "file").touch()
        assert not target.exists()
    assert [p.name for p in target.parent.iterdir()] == ["b"]
    assert (target / "file").exists()


@pytest.mark.parametrize(
    ("error", "raised", "told"),
    [
        (KeyboardInterrupt("stop"), KeyboardInterrupt, "stop"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), InputError, "No space left"),
        (
            tf.errors.ResourceExhaustedError(None, None, "{{node x}} full [Op:SaveV2]"),
            InputError,
            "written: full. Received",
        ),
    ],
    ids=["interrupted", "full", "full in TensorFlow"],
)
def test_what_ends_early_leaves_nothing(tmp_path, error, raised, told):
    with (
        pytest.raises(raised, match=told),
        written_whole(tmp_path / "a" / "b") as partial,
    ):
        partial.mkdir()
        raise error
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path):
    target = tmp_path / "b"
    code = (
        "import sys; from pathlib import Path; from keras_imgdesc.export import whole"
    )
    code += "\nwith whole.written_whole(Path(sys.argv[1])) as partial:"
    code += "\n    (partial / 'old').mkdir(parents=True)"
    code += "\n    import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code, target], env=environment)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".partial-b-")
    with written_whole(target) as partial:
        partial.mkdir()
    assert [p.name for p in tmp_path.iterdir()] == ["b"]
    assert list(target.iterdir()) == []


def test_two_at_once_do_not_touch_each_other(tmp_path):
    target = tmp_path / "b"
    with written_whole(target) as first:
        first.write_text("first")
        with pytest.raises(KeyboardInterrupt), written_whole(target) as second:
            second.write_text("second")
            raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == ["b"]
    assert target.read_text() == "first"


def test_other_files_of_the_folder_stay(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(KeyboardInterrupt), written_whole(tmp_path / "b"):
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
