import gc
import os
import subprocess
import sys

import pytest

from keras_imgdesc.cli.starting import (
    OPTIONAL,
    keras_backend,
    without_collections,
    without_packages,
)

STARTED = """
import gc
import sys
from keras_imgdesc.cli.starting import OPTIONAL, start_quietly
start_quietly()
assert {"tensorflow", "keras"} <= set(sys.modules)
print([name for name in OPTIONAL if name in sys.modules], gc.isenabled())
import matplotlib.pyplot
import scipy.stats
start_quietly()
"""


def test_tensorflow_is_imported_without_messages_and_optional_packages():
    done = subprocess.run(
        [sys.executable, "-c", STARTED], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[] True\n" and not done.stderr


def test_hidden_packages_can_be_imported_later(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with without_packages(["colorsys", "json"]):
        with pytest.raises(ImportError):
            import colorsys
        import json  # imported before the block: not hidden

        assert json.loads("1") == 1
    import colorsys  # noqa: F811

    assert colorsys.rgb_to_hls(0, 0, 0) == (0, 0, 0)


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_collector_is_left_as_it_was(is_enabled):
    before = gc.isenabled()
    (gc.enable if is_enabled else gc.disable)()
    try:
        with pytest.raises(KeyboardInterrupt), without_collections():
            assert not gc.isenabled()
            raise KeyboardInterrupt
        assert gc.isenabled() == is_enabled
    finally:
        (gc.enable if before else gc.disable)()
        gc.unfreeze()


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        (None, None, "tensorflow"),
        (None, '{"backend": "jax"}', "jax"),
        (None, '{"floatx": "float32"}', "tensorflow"),
        (None, "broken", "tensorflow"),
        ("jax", '{"backend": "tensorflow"}', "jax"),
    ],
)
def test_the_backend_is_found_where_keras_finds_it(
    monkeypatch, tmp_path, variable, text, expected
):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if variable is not None:
        monkeypatch.setenv("KERAS_BACKEND", variable)
    if text is not None:
        (tmp_path / "keras.json").write_text(text)
    assert keras_backend() == expected


def test_jax_is_imported_for_a_backend_that_needs_it():
    assert "jax" in OPTIONAL
    code = "from keras_imgdesc.cli.starting import *; start_quietly(); import keras; "
    code += "print(keras.backend.backend(), keras.ops.ones(1))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("jax [1.]")
