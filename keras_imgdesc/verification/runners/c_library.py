"""Runs a SavedModel through TensorFlow's C library, without its Python.

`TF_LoadSessionFromSavedModel` is what TensorFlow Serving loads models with. This file
is run as a script, in a process that imports neither TensorFlow, nor Keras, nor this
package:

    python c_loader.py FOLDER < request.json

The request is `{"inputs": [{tensor name: value, ...}, ...], "outputs": [tensor name,
...]}`; each of `inputs` is run alone. A value is a vector of strings, `[base64, ...]`,
or `{"dtype": "float32", "shape": [...], "values": [...]}`. Printed is `{"outputs":
{tensor name: rows of all runs}, "seconds": [...], "peak_memory": bytes}`, strings as
base64.
"""

import base64
import ctypes
import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

STRING = 7
NUMPY = {1: np.float32, 3: np.int32, 4: np.uint8, 9: np.int64}
TYPES = {np.dtype(kind).name: number for number, kind in NUMPY.items()}
# TF_TString: a string of TensorFlow takes 24 bytes, short ones inside of them.
STRING_BYTES = 24


class Output(ctypes.Structure):
    """TF_Output: an operation and the number of its output."""

    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


def load_library() -> Any:
    """TensorFlow's C library out of the installed wheel."""
    spec = importlib.util.find_spec("tensorflow")
    assert spec and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0])
    framework = next(folder.glob("libtensorflow_framework.so*"))
    ctypes.CDLL(str(framework), mode=ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(str(next(folder.glob("libtensorflow_cc.so*"))))
    pointers = (
        "TF_NewStatus TF_NewGraph TF_NewSessionOptions TF_LoadSessionFromSavedModel "
        "TF_GraphOperationByName TF_AllocateTensor TF_TensorData "
        "TF_StringGetDataPointer"
    )
    for name in pointers.split():
        getattr(library, name).restype = ctypes.c_void_p
    library.TF_Message.restype = ctypes.c_char_p
    library.TF_StringGetSize.restype = ctypes.c_size_t
    library.TF_Dim.restype = ctypes.c_int64
    library.TF_TensorByteSize.restype = ctypes.c_size_t
    return library


class Session:
    """A SavedModel that is loaded.

    Args:
        folder: with its `saved_model.pb`.

    Raises:
        RuntimeError: what the library says.
    """

    def __init__(self, folder: str) -> None:
        self.library = load_library()
        self.status = self._pointer(self.library.TF_NewStatus())
        self.graph = self._pointer(self.library.TF_NewGraph())
        options = self._pointer(self.library.TF_NewSessionOptions())
        tags = (ctypes.c_char_p * 1)(b"serve")
        self.session = self._pointer(
            self.library.TF_LoadSessionFromSavedModel(
                options,
                None,
                folder.encode(),
                tags,
                1,
                self.graph,
                None,
                self.status,
            )
        )
        self._check()

    def run(
        self, inputs: dict[str, list[bytes] | np.ndarray], outputs: list[str]
    ) -> list[Any]:
        """Computes tensors from vectors of strings and arrays, by their names."""
        feeds = (Output * len(inputs))(*map(self._output, inputs))
        fetches = (Output * len(outputs))(*map(self._output, outputs))
        tensors = (ctypes.c_void_p * len(inputs))(*map(self._tensor, inputs.values()))
        results = (ctypes.c_void_p * len(outputs))()
        self.library.TF_SessionRun(
            self.session,
            None,
            *(feeds, tensors, len(inputs)),
            *(fetches, results, len(outputs)),
            *(None, 0, None),
            self.status,
        )
        self._check()
        return [self._value(ctypes.c_void_p(r)) for r in results]

    @staticmethod
    def _pointer(value: int) -> ctypes.c_void_p:
        return ctypes.c_void_p(value)

    def _check(self) -> None:
        if self.library.TF_GetCode(self.status):
            raise RuntimeError(self.library.TF_Message(self.status).decode())

    def _output(self, tensor: str) -> Output:
        name, _, index = tensor.partition(":")
        operation = self.library.TF_GraphOperationByName(self.graph, name.encode())
        if not operation:
            raise RuntimeError(f"The graph has no operation {name!r}")
        return Output(operation, int(index or 0))

    def _tensor(self, value: list[bytes] | np.ndarray) -> int:
        if isinstance(value, list):
            return self._strings(value)
        dims = (ctypes.c_int64 * max(value.ndim, 1))(*value.shape)
        size = ctypes.c_size_t(value.nbytes)
        tensor: int = self.library.TF_AllocateTensor(
            TYPES[value.dtype.name], dims, value.ndim, size
        )
        start = self.library.TF_TensorData(ctypes.c_void_p(tensor))
        ctypes.memmove(start, value.tobytes(), value.nbytes)
        return tensor

    def _strings(self, values: list[bytes]) -> int:
        dims = (ctypes.c_int64 * 1)(len(values))
        size = ctypes.c_size_t(STRING_BYTES * len(values))
        tensor: int = self.library.TF_AllocateTensor(STRING, dims, 1, size)
        start = self.library.TF_TensorData(ctypes.c_void_p(tensor))
        for i, value in enumerate(values):
            place = ctypes.c_void_p(start + STRING_BYTES * i)
            self.library.TF_StringInit(place)
            self.library.TF_StringCopy(place, value, ctypes.c_size_t(len(value)))
        return tensor

    def _value(self, tensor: ctypes.c_void_p) -> Any:
        count = self.library.TF_NumDims(tensor)
        shape = [self.library.TF_Dim(tensor, i) for i in range(count)]
        kind = self.library.TF_TensorType(tensor)
        start = self.library.TF_TensorData(tensor)
        if kind == STRING:
            size = int(np.prod(shape))
            return [self._text(start + STRING_BYTES * i) for i in range(size)]
        raw = ctypes.string_at(start, self.library.TF_TensorByteSize(tensor))
        return np.frombuffer(raw, NUMPY[kind]).reshape(shape)

    def _text(self, address: int) -> str:
        place = ctypes.c_void_p(address)
        start = self.library.TF_StringGetDataPointer(place)
        content = ctypes.string_at(start, self.library.TF_StringGetSize(place))
        return base64.b64encode(content).decode()


def read_value(value: Any) -> list[bytes] | np.ndarray:
    """A value of a request."""
    if isinstance(value, list):
        return [base64.b64decode(one) for one in value]
    return np.array(value["values"], value["dtype"]).reshape(value["shape"])


def main() -> None:
    request = json.load(sys.stdin)
    session = Session(sys.argv[1])
    seconds = []
    results: dict[str, list[Any]] = {name: [] for name in request["outputs"]}
    for batch in request["inputs"]:
        inputs = {name: read_value(value) for name, value in batch.items()}
        start = time.perf_counter()
        values = session.run(inputs, request["outputs"])
        seconds.append(time.perf_counter() - start)
        for name, value in zip(results, values, strict=True):
            results[name] += value if isinstance(value, list) else value.tolist()
    assert not {"tensorflow", "keras", "keras_imgdesc"} & set(sys.modules)
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    answer = {"outputs": results, "seconds": seconds, "peak_memory": 1024 * int(peak)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
