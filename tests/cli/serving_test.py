"""`keras-imgdesc serve`, as far as it does not start."""

import pytest

from keras_imgdesc.cli import serving


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nobody"], "nobody"),
        (["a=nobody"], "nobody"),
        (["scenes_lstm", "scenes_lstm"], "same name"),
        (["missing.tflite"], "missing.tflite"),
        (["scenes_dcgan"], "ships without a painter.tflite"),
        (["scenes_lstm", "--port", "99999"], "--port"),
        (["scenes_lstm", "--timeout", "0"], "--timeout"),
        ([], "[NAME=]PRESET_OR_PATH"),
    ],
)
def test_errors_are_one_line(run, arguments, named):
    code, out, err = run("serve", *arguments)
    assert code == 2 and not out
    assert len(err.splitlines()) == 1 and err.startswith("Error: ") and named in err


def test_the_missing_extra_is_named(run, monkeypatch):
    monkeypatch.setattr(serving, "find_spec", lambda name: None)
    code, _, err = run("serve", "scenes_lstm")
    assert code == 2 and "pip install 'keras-imgdesc[serve]'" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)],
)
def test_other_machines_are_warned_of(run, monkeypatch, host, is_loopback):
    called = []
    monkeypatch.setattr(
        "keras_imgdesc.serving.server.run_server", lambda *given: called.append(given)
    )
    code, _, err = run("serve", "captioner=scenes_lstm", "--host", host)
    assert code == 0 and len(called) == 1
    assert ("no authentication" in err) == (not is_loopback)
