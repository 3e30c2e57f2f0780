"""The other end of a worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any

import numpy as np

from keras_imgdesc.errors import ImageError
from keras_imgdesc.lite.messages import decode_error, encode, receive

_CODE = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from keras_imgdesc.lite.worker import main; main()"
)


class WorkerDied(Exception):
    """A worker ended by itself; the message says how."""


class WorkerProcess:
    """A process with a function of images, which it computes one after the other.

    It is a Python of its own, not a copy of this process: a fork of a process with
    threads can hang, and `multiprocessing` would run the user's script again.

    Args:
        target: `"module:name"` of a function or class that makes the function. It takes
            an image as `load_image` takes it, returns arrays by name, and may raise an
            ImageError.
        settings: keyword arguments for `target`, in JSON.
    """

    def __init__(self, target: str, settings: dict[str, Any]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)
        # In a group of its own, Ctrl-C in the terminal does not reach it.
        own_group: dict[str, Any] = (
            {"process_group": 0}
            if os.name == "posix"
            else {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
        )
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _CODE, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # Its arithmetic is LiteRT's; threads for NumPy's would only take memory.
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            **own_group,
        )
        self._start = encode({"target": target, "settings": settings})

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Wait until it has loaded its function.

        Raises:
            WorkerDied: it could not.
        """
        self.send(self._start)
        self.receive()

    def send(self, message: bytes) -> None:
        """Send an image, as encoded by `encode_source`.

        Raises:
            WorkerDied: it has ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(message)
            self._process.stdin.flush()
        except OSError:
            raise WorkerDied(self._cause()) from None

    def receive(self) -> dict[str, np.ndarray] | ImageError:
        """Wait for what it computed of the oldest image that it was sent.

        Raises:
            WorkerDied: it has ended.
            RuntimeError: its function failed with anything but an ImageError.
        """
        assert self._process.stdout is not None
        try:
            message = receive(self._process.stdout)
        except OSError:
            message = None
        if message is None:
            raise WorkerDied(self._cause())
        header, arrays = message
        if "traceback" in header:
            raise RuntimeError(f"A worker failed:\n{header['traceback']}")
        return decode_error(header) if "rule" in header else arrays

    def kill(self) -> None:
        """End it, whatever it is doing. Another thread may wait for it."""
        self._process.kill()

    def close(self) -> None:
        """End it and close its files."""
        self._process.kill()
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._errors):
            assert file is not None
            with suppress(OSError):  # bytes that were not sent
                file.close()

    def _cause(self) -> str:
        code = self._process.wait()
        if code < 0:
            return f"ended by {signal.Signals(-code).name}"
        self._errors.seek(0)
        lines = self._errors.read()[-2000:].decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return f"ended with code {code}" + (f": {last.strip()}" if last else "")
