"""A server in a process of its own, on a free port."""

import base64
import http.client
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


class Reply(NamedTuple):
    """An answer of a server."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The message of an error; TensorFlow Serving's errors have nothing else."""
        assert list(self.json) == ["error"]
        return self.json["error"]


class ServerProcess:
    """`keras-imgdesc serve` with some arguments."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "keras_imgdesc.cli", "serve", "--port", "0"]
            + list(arguments),
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._is_up = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._is_up.wait()
        listening = [x for x in self.lines if x.startswith("Listening on ")]
        if not listening:
            self.kill()
        assert listening, self.lines
        self.port = int(listening[0].rpartition(":")[2])

    def _read(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("Listening on "):
                self._is_up.set()
        self._is_up.set()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def request(self, method: str, path: str, body: Any = None, **headers) -> Reply:
        """Send a request on a connection of its own; what is no bytes becomes JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = self.connect()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Reply(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            connection.close()

    def predict(self, model: str, body: Any) -> Reply:
        return self.request("POST", f"/v1/models/{model}:predict", body)

    def metric(self, name: str) -> float:
        """Return the sum of a metric over all labels."""
        lines = self.request("GET", "/metrics").body.decode().splitlines()
        return sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if line.startswith((name + " ", name + "{"))
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(120)
        self._close()
        return code

    def kill(self) -> None:
        """End it, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        self._reader.join()
        self.process.stderr.close()


@pytest.fixture
def start_server() -> Iterator[Any]:
    """Start servers that end with the test."""
    servers: list[ServerProcess] = []

    def start(*arguments: str) -> ServerProcess:
        servers.append(ServerProcess(*arguments))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def lite_server() -> Iterator[ServerProcess]:
    """The presets of Scenes in LiteRT."""
    server = ServerProcess(
        *("captioner=scenes_lstm", "matcher=scenes_matcher", "painter=scenes_cvae"),
        *("--workers", "2", "--max-body-mb", "4", "--max-instances", "40"),
    )
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="session")
def saved_model_server(scenes_forms) -> Iterator[ServerProcess]:
    """The captioner of Scenes as a SavedModel, of the version 1."""
    path = scenes_forms["SavedModel"].path
    folder = path if (path / "1").is_dir() else path.parent
    server = ServerProcess(
        f"captioner={folder}", *("--max-body-mb", "4", "--max-instances", "40")
    )
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A drawn scene, as a file."""
    return (EXAMPLES / "pictures" / "scene_1.png").read_bytes()


@pytest.fixture(scope="session")
def b64():
    """Return bytes as they travel in JSON."""

    def encode(content: bytes) -> dict[str, str]:
        return {"b64": base64.b64encode(content).decode()}

    return encode
