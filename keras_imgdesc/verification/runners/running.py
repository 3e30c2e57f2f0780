"""Run one form of a task in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_imgdesc.verification.forms import ModelForm
from keras_imgdesc.verification.parity import FormResult
from keras_imgdesc.verification.runners import c_library
from keras_imgdesc.verification.runners.wire import decode, encode
from keras_imgdesc.verification.tasks.task_check import Request, TaskCheck

# Answers, seconds and peak memory, by name.
Reply = dict[str, Any]


def run_form(
    form: ModelForm, check: TaskCheck, requests: list[Request], num_threads: int
) -> FormResult:
    """Ask one form of a task all requests, one at a time.

    Args:
        form: the form.
        check: the check of its task.
        requests: the requests.
        num_threads: number of threads of LiteRT. TensorFlow uses all cores.

    Raises:
        RuntimeError: the process failed, or a SavedModel reported an error for a
            request.
    """
    reply = RUNNERS[form.runner](form, check, requests, num_threads)
    return FormResult(form.name, form.is_exact, size=size_of(form.path), **reply)


def _worker(*command: str) -> Callable[..., Reply]:
    def run(
        form: ModelForm, check: TaskCheck, requests: list[Request], num_threads: int
    ) -> Reply:
        order = {
            "task": check.task,
            "path": str(form.path),
            "num_threads": num_threads,
            "requests": requests,
        }
        return run_process(["-m", *command], order)

    return run


def _c_library(
    form: ModelForm, check: TaskCheck, requests: list[Request], num_threads: int
) -> Reply:
    reply = run_c_library(
        form.path,
        check.signature,
        [check.inputs(request) for request in requests],
        check.outputs,
    )
    reply["answers"] = [check.answer(outputs) for outputs in reply["answers"]]
    return reply


# By the name of a form's runner.
RUNNERS: dict[str, Callable[..., Reply]] = {
    "python": _worker("keras_imgdesc.verification.runners.tensorflow", "python"),
    "saved_model": _worker(
        "keras_imgdesc.verification.runners.tensorflow", "saved_model"
    ),
    "c_library": _c_library,
    "tflite": _worker("keras_imgdesc.verification.runners.tflite", "exported"),
    "shipped": _worker("keras_imgdesc.verification.runners.tflite", "shipped"),
}


def run_c_library(
    model: Path, signature: str, requests: list[Request], outputs: tuple[str, ...]
) -> Reply:
    """Run a signature of a SavedModel in TensorFlow's C library.

    Args:
        model: the SavedModel's folder.
        signature: name of the signature.
        requests: arrays by the name of the input; strings as object arrays of bytes.
        outputs: names of the outputs to return.

    Returns:
        `answers`, arrays by the name of the output, one dict per request; `seconds`;
        `peak_memory`.

    Raises:
        RuntimeError: the process failed; the message is what it printed.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    graph = saved_model_pb2.SavedModel()
    graph.ParseFromString((model / "saved_model.pb").read_bytes())
    tensors = graph.meta_graphs[0].signature_def[signature]
    order = {
        "path": str(model),
        "requests": [
            {tensors.inputs[name].name: value for name, value in request.items()}
            for request in requests
        ],
        "outputs": [tensors.outputs[name].name for name in outputs],
    }
    # Without the folder of the script in its path, where there is a `tensorflow.py`.
    reply = run_process(["-P", c_library.__file__], order)
    reply["answers"] = [
        dict(zip(outputs, values, strict=True)) for values in reply["answers"]
    ]
    return reply


def run_process(command: list[str], order: dict[str, Any]) -> Reply:
    """Give a Python process an order, and return its reply.

    Args:
        command: arguments of Python.
        order: what it has to do, see `protocol`.

    Raises:
        RuntimeError: the process failed; the message is what it printed.
    """
    done = subprocess.run(
        [sys.executable, *command], input=encode(order), capture_output=True
    )
    if done.returncode:
        printed = done.stderr.decode(errors="replace")
        raise RuntimeError(f"{command} failed:\n{printed[-4000:]}")
    reply: Reply = decode(done.stdout)
    return reply


def size_of(model: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    if model.is_file():
        return model.stat().st_size
    files = [file for file in model.rglob("*") if file.is_file()]
    # A preset may ship with an exported file, which Python does not read.
    return sum(file.stat().st_size for file in files if file.suffix != ".tflite")
