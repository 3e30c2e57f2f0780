"""The HTTP side of the server."""

from __future__ import annotations

import asyncio
import logging
import time
from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from keras_imgdesc.printable import printable
from keras_imgdesc.serving.admission import Admission
from keras_imgdesc.serving.json_response import error_json, to_json
from keras_imgdesc.serving.metrics import ServerMetrics
from keras_imgdesc.serving.model_table import ModelTable
from keras_imgdesc.serving.request import Answer
from keras_imgdesc.serving.rest_error import RestError
from keras_imgdesc.serving.settings import ServerSettings
from keras_imgdesc.serving.target import Target, read_target

LOGGER = logging.getLogger("keras_imgdesc.serving")
# Of a body that is too large, so many times the limit are read and dropped, for clients
# that do not read the answer before they have sent all.
_DRAINED = 4
_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]


class ServingApplication:
    """TensorFlow Serving's REST API, health, metrics and a page.

    Args:
        models: the models.
        settings: the limits.

    Attributes:
        admission: the requests that are accepted.
        metrics: what was counted.
        starlette: the application that a server of ASGI runs.
    """

    def __init__(self, models: ModelTable, settings: ServerSettings) -> None:
        self.admission = Admission(settings.queue_size, settings.max_body)
        self.metrics = ServerMetrics(
            lambda: models.num_waiting, lambda: models.num_ready
        )
        self._models, self._settings = models, settings
        self.starlette = Starlette(
            routes=[
                Route("/", self._page),
                Route("/healthz", self._ready),
                Route("/healthz/ready", self._ready),
                Route("/healthz/live", self._live),
                Route("/metrics", self._metrics),
                Route("/monitoring/prometheus/metrics", self._metrics),
                Route("/{path:path}", self._answer, methods=_METHODS),
            ]
        )

    async def _answer(self, request: Request) -> Response:
        start = time.monotonic()
        raw = request.scope.get("raw_path") or request.url.path.encode()
        path = raw.split(b"?")[0].decode("latin-1")
        shown = printable(path)
        target = Target("", None, "other")
        headers = {}
        try:
            if not path.lower().startswith("/v1/"):
                raise RestError(404, f"There is no {path}")
            target = read_target(request.method, path)
            answer = await self._serve(target, request, start)
        except RestError as error:
            answer = Answer(error.status, error_json(error.message))
            if error.status == 503:
                headers["Retry-After"] = "1"
            if error.status in (408, 413):
                headers["Connection"] = "close"
        except ClientDisconnect:
            answer = Answer(499, error_json("The client is gone"))
        # Whatever it is, the client gets an answer, and the log says what it is.
        except Exception as error:
            LOGGER.exception("%s %s", request.method, shown)
            answer = Answer(500, error_json(f"{type(error).__name__}: {error}"))
        if not self.admission.is_open:
            headers["Connection"] = "close"
        seconds = time.monotonic() - start
        known = target.model if target.model in self._models.names else ""
        self.metrics.count_request(known, target.method, answer.status, seconds)
        if self._settings.access_log:
            client = request.client.host if request.client else "-"
            LOGGER.info(
                '%s "%s %s" %d %d bytes %.1f ms',
                *(client, request.method, shown, answer.status, len(answer.body)),
                1000 * seconds,
            )
        return Response(
            answer.body, answer.status, headers, media_type="application/json"
        )

    async def _serve(self, target: Target, request: Request, start: float) -> Answer:
        if target.method == "status":
            return Answer(200, self._models.status(target.model, target.version))
        if target.method == "metadata":
            return Answer(200, self._models.metadata(target.model, target.version))
        self._models.check(target.model, target.version)
        length = request.headers.get("content-length", "")
        if "expect" in request.headers and length.isdecimal():
            # A client that asks before it sends is spared that.
            self.admission.check(int(length))
        self.admission.enter()
        body = bytearray()
        try:
            deadline = start + self._settings.timeout
            await self._read(request, body, deadline)
            future = self._models.submit(*target, bytes(body))
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    return await asyncio.wrap_future(future)
            except TimeoutError:
                raise RestError(504, "The request took too long") from None
        finally:
            self.admission.leave(len(body))

    async def _read(self, request: Request, body: bytearray, deadline: float) -> None:
        """Read the body of a request.

        Raises:
            RestError: it is too large, or does not arrive in time.
        """
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                stream = request.stream()
                async for chunk in stream:
                    try:
                        self.admission.add(len(body), len(chunk))
                    except RestError:
                        left = _DRAINED * self._settings.max_body
                        async for more in stream:
                            left -= len(more)
                            if left < 0:
                                break
                        raise
                    body += chunk
        except TimeoutError:
            raise RestError(408, "The body of the request did not arrive") from None

    async def _page(self, request: Request) -> Response:
        page = files("keras_imgdesc.serving").joinpath("page.html")
        return HTMLResponse(page.read_text("utf-8"))

    async def _live(self, request: Request) -> Response:
        return _json(200, {"status": "live"})

    async def _ready(self, request: Request) -> Response:
        if not self.admission.is_open:
            return _json(503, {"status": "stopping"})
        if not self._models.is_ready:
            return _json(503, {"status": "waiting for a worker"})
        return _json(200, {"status": "ready", "models": self._models.names})

    async def _metrics(self, request: Request) -> Response:
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return Response(self.metrics.text(), media_type=kind)


def _json(status: int, document: dict[str, object]) -> Response:
    return Response(to_json(document), status, media_type="application/json")
