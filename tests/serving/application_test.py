"""The application, called without a server."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

from keras_imgdesc.serving.application import ServingApplication
from keras_imgdesc.serving.settings import ServerSettings


def ask(path: bytes) -> list[dict[str, Any]]:
    models: Any = SimpleNamespace(num_waiting=0, num_ready=1, names=[])
    application = ServingApplication(models, ServerSettings(access_log=True))
    scope = {
        "type": "http",
        "method": "GET",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": b"",
        "headers": [],
        "client": ("client", 1),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(application.starlette(scope, receive, send))
    return sent


def test_the_address_of_a_request_is_one_printable_line_of_the_log(caplog):
    caplog.set_level("INFO", "keras_imgdesc.serving")
    start, body = ask(b"/no\x9b2J such\x1b[1m")
    assert start["status"] == 404
    assert "There is no" in json.loads(body["body"])["error"]
    (record,) = caplog.records
    assert "/no\\x9b2J such\\x1b[1m" in record.getMessage()
    assert record.getMessage().isprintable()
