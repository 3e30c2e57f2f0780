"""Run the server until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn

from keras_imgdesc.errors import InputError
from keras_imgdesc.serving.application import LOGGER, ServingApplication
from keras_imgdesc.serving.model_source import ModelSource
from keras_imgdesc.serving.model_table import ModelTable
from keras_imgdesc.serving.settings import ServerSettings
from keras_imgdesc.serving.version_watcher import VersionWatcher

# Seconds that clients have for another request on a connection that they keep open.
# They are told in the answer that it is the last.
_LINGER = 0.5


class GracefulServer(uvicorn.Server):
    """A server that stops after it has answered all that it has accepted.

    Args:
        application: the application.
        settings: where to listen, and for how long to answer.
    """

    def __init__(
        self, application: ServingApplication, settings: ServerSettings
    ) -> None:
        super().__init__(
            uvicorn.Config(
                application.starlette,
                # It limits the size of headers.
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                backlog=2048,
                timeout_graceful_shutdown=int(settings.timeout) + 5,
            )
        )
        self._application = application

    def handle_exit(self, sig: int, frame: object) -> None:
        """Stop; when told twice, without the answers that are due."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, answer what was accepted, and close all connections."""
        # A connection that was made already is still accepted.
        for _ in range(3):
            await asyncio.sleep(0)
        for server in self.servers:
            server.close()
        for each in sockets or []:
            each.close()
        self._application.admission.is_open = False
        loop = asyncio.get_running_loop()
        end = loop.time() + _LINGER
        while self.server_state.connections and loop.time() < end:
            if self.force_exit:
                break
            await asyncio.sleep(0.01)
        await super().shutdown()


def run_server(
    sources: list[ModelSource],
    settings: ServerSettings,
    report: Callable[[str], None] = lambda line: None,
) -> None:
    """Serve models until SIGTERM or Ctrl-C.

    Args:
        sources: the models.
        settings: where to listen, and limits.
        report: called with lines for the user.

    Raises:
        InputError: the port is in use, or a model cannot be loaded.
    """
    listener = bind(settings.host, settings.port)
    stop_early = _StopEarly()
    try:
        with listener, stop_early:
            hooks: list[ServingApplication] = []
            models = ModelTable(
                sources,
                settings,
                lambda rows: hooks[0].metrics.count_batch(rows) if hooks else None,
                lambda: hooks[0].metrics.count_restart() if hooks else None,
            )
            models.start()
            try:
                application = ServingApplication(models, settings)
                hooks.append(application)
                _configure_log()
                server = GracefulServer(application, settings)
                _listen(listener, server.config.backlog)
                stop_early.hand_over(server)
                report(f"Listening on {address_of(listener)}")
                with VersionWatcher(models):
                    server.run([listener])
                accepted = application.admission.accepted
                left = application.admission.count
                report(f"Stopped. {accepted - left} of {accepted} requests answered.")
            finally:
                models.close()
    except _Stopped:
        report("Stopped before it was ready.")


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address, and does not listen yet.

    Raises:
        InputError: the address cannot be used.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(
            "The host must be an address of this machine",
            "Use 127.0.0.1",
            host=host,
            reason=error.strerror,
        ) from None
    try:
        if os.name == "posix":
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise _in_use(port) from None
        raise InputError(
            "The server cannot listen on the address",
            "Use --host 127.0.0.1 and a port above 1023",
            host=host,
            port=port,
            reason=error.strerror,
        ) from None
    return found


def _listen(listener: socket.socket, backlog: int) -> None:
    try:
        listener.listen(backlog)
    except OSError:  # another program was bound to it, too, and was faster
        raise _in_use(listener.getsockname()[1]) from None


def _in_use(port: int) -> InputError:
    return InputError(
        "Another program listens on the port", "Use another one with --port", port=port
    )


def address_of(listener: socket.socket) -> str:
    """Return the address of a bound socket as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _configure_log() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False


class _Stopped(BaseException):
    """The server was told to stop while it started."""


class _StopEarly:
    """Within it, SIGTERM and Ctrl-C end the start, and later the server."""

    def __init__(self) -> None:
        self._server: GracefulServer | None = None
        self._old: dict[signal.Signals, object] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._old[number] = signal.signal(number, self._handle)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def hand_over(self, server: GracefulServer) -> None:
        """Let a server end as it ends."""
        self._server = server

    def _handle(self, number: int, frame: object) -> None:
        if self._server is None:
            raise _Stopped
        self._server.handle_exit(number, frame)
