"""Run one form of a model in a process of its own."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.lite.captioner import LITE_FILE
from keras_imgdesc.verification.forms import ModelForm
from keras_imgdesc.verification.runners import c_library as c_loader


def run_worker(
    form: ModelForm, task: str, requests: list[dict[str, Any]], num_threads: int
) -> dict[str, Any]:
    """Runs requests with a form in Python, as a SavedModel or as a `.tflite` file.

    Args:
        form: the form.
        task: the class of the task.
        requests: see `keras_imgdesc.verification.runners.tflite`.
        num_threads: of LiteRT; TensorFlow takes all cores.

    Returns:
        What came out by name, of each request, with `seconds` and `peak_memory`.

    Raises:
        RuntimeError: the process failed; the message is what it printed.
    """
    worker = ["keras_imgdesc.verification.runners.tensorflow", form.kind]
    if form.kind == "tflite":
        worker = ["keras_imgdesc.verification.runners.tflite"]
    return run_script(
        ["-m", *worker, task, str(form.path)],
        {"requests": requests, "num_threads": num_threads},
    )


def run_c_loader(
    model: Path, signature: str, requests: list[dict[str, Any]], outputs: list[str]
) -> dict[str, Any]:
    """Runs requests with a SavedModel in TensorFlow's C library.

    Args:
        model: the SavedModel's folder.
        signature: its name.
        requests: of each input a list of bytes, or an array.
        outputs: names of what is wanted.

    Returns:
        As `run_worker`, rows of all requests in one list; strings are bytes.

    Raises:
        RuntimeError: the process failed; the message is what it printed.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    graph = saved_model_pb2.SavedModel()
    graph.ParseFromString((model / "saved_model.pb").read_bytes())
    tensors = graph.meta_graphs[0].signature_def[signature]
    answer = run_script(
        [c_loader.__file__, str(model)],
        {
            "inputs": [
                {tensors.inputs[k].name: _for_json(v) for k, v in request.items()}
                for request in requests
            ],
            "outputs": [tensors.outputs[name].name for name in outputs],
        },
    )
    found = answer.pop("outputs")
    for name in outputs:
        rows = found[tensors.outputs[name].name]
        is_text = bool(rows) and isinstance(rows[0], str)
        answer[name] = [base64.b64decode(row) for row in rows] if is_text else rows
    return answer


def _for_json(value: Any) -> Any:
    if isinstance(value, list):
        return [base64.b64encode(one).decode() for one in value]
    array = np.asarray(value)
    return {
        "dtype": array.dtype.name,
        "shape": array.shape,
        "values": array.reshape(-1).tolist(),
    }


def run_script(command: list[str], request: dict[str, Any]) -> dict[str, Any]:
    """What a process answers to a request, both JSON.

    Raises:
        RuntimeError: it failed; the message is what it printed.
    """
    done = subprocess.run(
        [sys.executable, *command],
        input=json.dumps(request),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0:2]} failed:\n{done.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def size_of(model: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    if model.is_file():
        return model.stat().st_size
    files = [file for file in model.rglob("*") if file.is_file()]
    # A preset may hold an exported file too, which Python does not read.
    return sum(file.stat().st_size for file in files if file.name != LITE_FILE)
