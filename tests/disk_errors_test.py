import errno
import os

import pytest
import tensorflow as tf

from keras_imgdesc.disk_errors import disk_error, disk_errors_as_input_errors
from keras_imgdesc.errors import InputError


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left"),
        (
            tf.errors.ResourceExhaustedError(None, None, "{{node x}} full [Op:SaveV2]"),
            "written: full. Received",
        ),
    ],
    ids=["full", "full in TensorFlow"],
)
def test_disk_errors_become_input_errors(tmp_path, error, message):
    with (
        pytest.raises(InputError, match=message),
        disk_errors_as_input_errors(tmp_path),
    ):
        raise error


def test_the_cause_of_an_error_counts(tmp_path):
    """TensorFlow Datasets raises errors of its own."""
    full = tf.errors.ResourceExhaustedError(None, None, "No space left on device")
    with (
        pytest.raises(InputError, match="The data could not be written: No space left"),
        disk_errors_as_input_errors(tmp_path, "The data"),
    ):
        try:
            raise full
        except tf.errors.OpError as error:
            raise RuntimeError("Failed to finalize writing") from error
    with pytest.raises(RuntimeError), disk_errors_as_input_errors(tmp_path):
        raise RuntimeError("Something else")


def test_the_reason_is_short():
    text = "Can't write data (time = Mon, filename = '.partial-x'\n, errno = 28)"
    shown = str(disk_error(OSError(errno.ENOSPC, text), "a.h5"))
    assert os.strerror(errno.ENOSPC) in shown and "partial" not in shown
    assert "path='a.h5'" in shown
    assert "path" not in disk_error(OSError(errno.ENOSPC, "full")).received
