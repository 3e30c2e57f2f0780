import subprocess
import sys

import numpy as np
import pytest

from keras_imgdesc.errors import ImageError
from keras_imgdesc.lite.messages import encode_source
from keras_imgdesc.lite.worker_process import WorkerDied, WorkerProcess

MODULE = """
import sys
import numpy as np
from keras_imgdesc.errors import ImageError

def make(factor):
    print("printed on standard output")

    def run(source):
        if source == "stop":
            print("the last words", file=sys.stderr)
            sys.exit(3)
        if source == "broken":
            raise ImageError("It is broken", "Mend it", image=source)
        return {"length": np.array([factor * len(source)])}

    return run
"""


@pytest.fixture
def worker(tmp_path, monkeypatch):
    (tmp_path / "worker_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    worker = WorkerProcess("worker_module:make", {"factor": 10})
    yield worker
    worker.close()


def test_it_answers_in_order(worker):
    worker.wait_until_ready()
    for source in ("abc", "broken"):
        worker.send(encode_source(source))
    np.testing.assert_array_equal(worker.receive()["length"], [30])
    error = worker.receive()
    assert isinstance(error, ImageError) and "image='broken'" in str(error)


def test_the_cause_of_its_death_is_known(worker):
    worker.wait_until_ready()
    worker.send(encode_source("stop"))
    with pytest.raises(WorkerDied, match="code 3: the last words"):
        worker.receive()
    with pytest.raises(WorkerDied, match="code 3"):
        worker.send(encode_source("abc"))


def test_it_can_be_killed_at_work(worker):
    worker.wait_until_ready()
    worker.kill()
    with pytest.raises(WorkerDied, match="SIGKILL"):
        worker.receive()


def test_a_target_that_fails_is_named():
    worker = WorkerProcess("no_such_module:make", {})
    with pytest.raises(WorkerDied, match="No module named 'no_such_module'"):
        worker.wait_until_ready()
    worker.close()


def test_it_does_not_load_tensorflow():
    code = (
        "import sys, keras_imgdesc.lite.worker, keras_imgdesc.lite.image_runner; "
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
