"""Fixtures for the tests of the command line."""

import pytest

from keras_imgdesc import cli


@pytest.fixture
def run(capsys):
    def call(*arguments) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            cli.main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return call
