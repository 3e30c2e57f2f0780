"""Run one form of a model in a process of its own."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from keras_imgdesc.export import c_loader
from keras_imgdesc.lite.lite_captioner import LITE_FILE
from keras_imgdesc.verification.form_result import FormResult

# Forms of other arithmetic than float32 may choose other words.
EXACT = ("Python", "SavedModel", "C loader", "tflite float32")


def run_form(
    form: str, kind: str, model: Path, pictures: list[str], num_threads: int
) -> FormResult:
    """Describe pictures with one form.

    Args:
        form: its name.
        kind: `"python"`, `"saved_model"`, `"c_loader"` or `"tflite"`.
        model: the preset's folder, the SavedModel's, or the `.tflite` file.
        pictures: paths.
        num_threads: of LiteRT; TensorFlow takes all cores.

    Raises:
        RuntimeError: the process failed; the message is what it printed.
    """
    if kind == "c_loader":
        answer = _run_c_loader(model, pictures)
    elif kind == "tflite":
        answer = run_script(
            ["-m", "keras_imgdesc.lite.worker", str(model)],
            {"pictures": pictures, "num_threads": num_threads},
        )
    else:
        answer = run_script(
            ["-m", "keras_imgdesc.verification.python_worker", kind, str(model)],
            {"pictures": pictures},
        )
    return FormResult(form, form in EXACT, size=size_of(model), **answer)


def _run_c_loader(model: Path, pictures: list[str]) -> dict[str, Any]:
    from tensorflow.core.protobuf import saved_model_pb2

    graph = saved_model_pb2.SavedModel()
    graph.ParseFromString((model / "saved_model.pb").read_bytes())
    signature = graph.meta_graphs[0].signature_def["serving_default"]
    tensors = {name: info.name for name, info in signature.outputs.items()}
    caption, log_prob = tensors["caption"], tensors["log_prob"]
    content = [base64.b64encode(Path(p).read_bytes()).decode() for p in pictures]
    answer = run_script(
        [c_loader.__file__, str(model)],
        {
            "inputs": {signature.inputs["image_bytes"].name: content},
            "outputs": [caption, log_prob],
            "one_by_one": True,
        },
    )
    outputs = answer["outputs"]
    return {
        "captions": [base64.b64decode(c).decode() for c in outputs[caption]],
        "log_probs": outputs[log_prob],
        "seconds": answer["seconds"],
        "peak_memory": answer["peak_memory"],
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
