"""The lock of an index."""

import fcntl
import os

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.matching.index.locking import LOCK, writing


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_a_lock_that_is_no_file_is_refused(tmp_path, kind):
    """A link would be followed and its target emptied; a pipe would block."""
    other = tmp_path / "other"
    other.write_text("mine")
    if kind == "link":
        (tmp_path / LOCK).symlink_to(other)
    elif kind == "folder":
        (tmp_path / LOCK).mkdir()
    else:
        os.mkfifo(tmp_path / LOCK)
    with pytest.raises(InputError, match="lock of an index must be"), writing(tmp_path):
        pass
    assert other.read_text() == "mine"


def test_a_lock_that_was_removed_meanwhile_is_not_taken(tmp_path, monkeypatch):
    """By a process whose new index failed: the next one would lock another file."""
    monkeypatch.setattr(fcntl, "flock", lambda *_: (tmp_path / LOCK).unlink())
    with pytest.raises(InputError, match="one process at a time"), writing(tmp_path):
        pass
