import os
import subprocess

import pytest

from keras_imgdesc.lite.interpreter import _without_information


def test_only_information_is_dropped(capfd):
    with _without_information():
        os.write(2, b"INFO: Created a delegate.\nERROR: out of memory\nplain\n")
    os.write(2, b"INFO: later\n")
    assert capfd.readouterr().err == "ERROR: out of memory\nplain\nINFO: later\n"


def test_lines_are_printed_when_the_block_fails(capfd):
    with pytest.raises(KeyError), _without_information():
        os.write(2, b"ERROR: why\n")
        raise KeyError
    assert capfd.readouterr().err == "ERROR: why\n"


def test_more_than_a_pipe_holds_does_not_block(capfd):
    with _without_information():
        os.write(2, b"x" * 1000 + b"\n")
        for _ in range(200):
            try:
                os.write(2, b"y" * 1000 + b"\n")
            except BlockingIOError:
                break
        else:
            raise AssertionError("the pipe took everything")
    assert capfd.readouterr().err.startswith("x" * 1000)


def test_the_end_of_another_process_is_not_waited_for():
    with _without_information():
        # It inherits the standard error of the moment.
        child = subprocess.Popen(["sleep", "20"])
    assert child.poll() is None
    child.kill()
    child.wait()
