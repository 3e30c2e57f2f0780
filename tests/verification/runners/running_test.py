import numpy as np
import pytest

from keras_imgdesc.verification.runners.protocol import peak_memory
from keras_imgdesc.verification.runners.running import run_process, size_of
from keras_imgdesc.verification.tasks import check_of

ECHO = """
import sys
from keras_imgdesc.verification.runners.wire import decode, encode
order = decode(sys.stdin.buffer.read())
sys.stdout.buffer.write(encode({"answers": order["requests"]}))
"""


def test_a_process_replies_with_arrays_bytes_and_numbers():
    requests = [{"image": np.arange(6, dtype=np.uint8).reshape(2, 3)}, {"a": [b"x", 1]}]
    reply = run_process(["-c", ECHO], {"requests": requests})
    np.testing.assert_array_equal(reply["answers"][0]["image"], requests[0]["image"])
    assert reply["answers"][1] == requests[1]


def test_a_failed_process_is_an_error_with_its_output():
    with pytest.raises(RuntimeError, match="the disk is full"):
        run_process(["-c", "raise OSError('the disk is full')"], {})


def test_an_error_of_a_signature_is_not_compared():
    outputs = {"caption": [b""], "log_prob": [0.0], "error": [b"An image must be ..."]}
    with pytest.raises(RuntimeError, match="serving_default.*An image must be"):
        check_of("ImageCaptioner").answer(outputs)


def test_the_peak_memory_of_a_process_is_known_on_linux():
    assert 2**20 < peak_memory() < 2**40


def test_the_size_of_a_preset_is_without_exported_files(tmp_path):
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "data").write_bytes(bytes(30))
    (tmp_path / "config.json").write_bytes(bytes(12))
    for name in ("captioner.tflite", "painter.tflite"):
        (tmp_path / name).write_bytes(bytes(1000))
    assert size_of(tmp_path) == 42
    assert size_of(tmp_path / "captioner.tflite") == 1000
