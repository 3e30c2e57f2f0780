"""Run a SavedModel through TensorFlow's C library, without its Python.

`TF_LoadSessionFromSavedModel` is what TensorFlow Serving loads models with. This file
is run as a script, in a process that imports neither TensorFlow, nor Keras, nor this
package:

    python -P c_library.py < order

It reads a dict that `wire` encoded, `{"path": folder of the model, "requests": [{name
of a tensor: array, ...}, ...], "outputs": [name of a tensor, ...]}`, strings as object
arrays of bytes, and answers each request alone. It writes a dict, `{"answers": one list
of arrays per request, "seconds": one per request, "peak_memory": bytes}`.
"""

import ctypes
import importlib.util
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

STRING = 7
NUMPY = {1: np.float32, 3: np.int32, 4: np.uint8, 9: np.int64}
TYPES = {np.dtype(kind).name: number for number, kind in NUMPY.items()}
# Size of a TF_TString, which holds a short string itself.
STRING_BYTES = 24


class Output(ctypes.Structure):
    """TF_Output: an operation and the index of its output."""

    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


def load_library() -> Any:
    """Load TensorFlow's C library from the installed wheel."""
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
    """A loaded SavedModel.

    Args:
        folder: folder of its `saved_model.pb`.

    Raises:
        RuntimeError: the library reports an error.
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

    def run(self, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[Any]:
        """Compute tensors.

        Args:
            inputs: arrays by the name of the tensor; strings as object arrays of bytes.
            outputs: names of the tensors to compute.

        Raises:
            RuntimeError: the library reports an error.
        """
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

    def _tensor(self, value: np.ndarray) -> int:
        if value.dtype == object:
            return self._strings(list(value))
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
            strings = [self._string(start + STRING_BYTES * i) for i in range(size)]
            return np.array(strings, object).reshape(shape)
        raw = ctypes.string_at(start, self.library.TF_TensorByteSize(tensor))
        return np.frombuffer(raw, NUMPY[kind]).reshape(shape)

    def _string(self, address: int) -> bytes:
        place = ctypes.c_void_p(address)
        start = self.library.TF_StringGetDataPointer(place)
        return ctypes.string_at(start, self.library.TF_StringGetSize(place))


def _wire() -> Any:
    # By its path, since the package is not imported.
    path = Path(__file__).with_name("wire.py")
    spec = importlib.util.spec_from_file_location("wire", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    wire = _wire()
    order = wire.decode(sys.stdin.buffer.read())
    session = Session(order["path"])
    answers, seconds = [], []
    for request in order["requests"]:
        start = time.perf_counter()
        answers.append(session.run(request, order["outputs"]))
        seconds.append(time.perf_counter() - start)
    assert not {"tensorflow", "keras", "keras_imgdesc"} & set(sys.modules)
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    reply = {"answers": answers, "seconds": seconds, "peak_memory": 1024 * int(peak)}
    sys.stdout.buffer.write(wire.encode(reply))


if __name__ == "__main__":
    main()
