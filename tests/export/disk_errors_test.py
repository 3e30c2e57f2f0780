import errno
import os

import pytest
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.export.disk_errors import disk_errors_as_input_errors


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
