"""The models that are served, and the workers that have them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

from keras_imgdesc.serving.documents import status_document
from keras_imgdesc.serving.json_response import to_json
from keras_imgdesc.serving.model_source import ModelSource
from keras_imgdesc.serving.request import Answer, Request
from keras_imgdesc.serving.request_worker import SAVED_MODEL
from keras_imgdesc.serving.rest_error import RestError
from keras_imgdesc.serving.settings import ServerSettings
from keras_imgdesc.serving.worker_pool import WorkerPool


class ModelTable:
    """Find the version and the workers for a request.

    All `.tflite` files share `settings.workers` processes, each with an interpreter of
    every file. All SavedModels share one process, which uses all cores and computes
    requests that wait together as one batch.

    Args:
        sources: the models.
        settings: number of workers and limits.
        on_batch, on_restart: see `WorkerPool`.
    """

    def __init__(
        self,
        sources: Iterable[ModelSource],
        settings: ServerSettings,
        on_batch: Callable[[int], None] = lambda rows: None,
        on_restart: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._on_batch, self._on_restart = on_batch, on_restart
        # Held while the models are exchanged, and while a request is given to one.
        self._lock = threading.Lock()
        self._sources = {source.name: source for source in sources}
        self._metadata: dict[tuple[str, int], bytes] = {}
        self._pools: dict[bool, WorkerPool] = {}
        for is_saved_model in (False, True):
            if any(_is_saved_model(s) == is_saved_model for s in self.sources):
                pool = self._make_pool(self.sources, is_saved_model)
                self._pools[is_saved_model] = pool

    def _make_pool(
        self, sources: list[ModelSource], is_saved_model: bool
    ) -> WorkerPool:
        settings = self._settings
        models: list[dict[str, Any]] = [
            each
            for source in sources
            for each in source.settings()
            if _is_saved_model(source) == is_saved_model
        ]
        return WorkerPool(
            {
                "models": models,
                "most_rows": settings.max_instances,
                "max_batch": settings.max_batch,
                "max_pixels": settings.max_pixels,
            },
            1 if is_saved_model else settings.workers,
            settings.max_batch if is_saved_model else 1,
            settings.timeout,
            self._on_batch,
            self._on_restart,
        )

    @property
    def sources(self) -> list[ModelSource]:
        """The models."""
        return list(self._sources.values())

    @property
    def names(self) -> list[str]:
        """The names of the models."""
        return list(self._sources)

    @property
    def num_waiting(self) -> int:
        """Number of requests that wait for a worker."""
        return sum(pool.num_waiting for pool in self._pools.values())

    @property
    def num_ready(self) -> int:
        """Number of workers that can answer."""
        return sum(pool.num_ready for pool in self._pools.values())

    @property
    def is_ready(self) -> bool:
        """Whether every model has a worker that can answer."""
        return all(pool.num_ready for pool in self._pools.values())

    def start(self) -> None:
        """Start the workers, and read what their models take and return.

        Raises:
            InputError: a model cannot be loaded.
        """
        started = []
        try:
            for pool in self._pools.values():
                started.append(pool)
                pool.start()
        except BaseException:
            for pool in started:
                pool.close()
            raise
        for is_saved_model, pool in self._pools.items():
            self._metadata |= _read_metadata(self.sources, is_saved_model, pool)

    def exchange_saved_models(self, sources: list[ModelSource]) -> None:
        """Serve other versions of SavedModels, without an interruption.

        Args:
            sources: all models, of the same names.

        Raises:
            InputError: one cannot be loaded; then everything stays as it was.
        """
        pool = self._make_pool(sources, True)
        pool.start()
        metadata = _read_metadata(sources, True, pool)
        with self._lock:
            before, self._pools[True] = self._pools[True], pool
            self._metadata |= metadata
            self._sources = {source.name: source for source in sources}
        before.finish()

    def close(self) -> None:
        """End the workers."""
        for pool in self._pools.values():
            pool.close()

    def status(self, name: str, version: int | None) -> bytes:
        """Return the status of a model, or of one of its versions, as JSON.

        Raises:
            RestError: there is no such model or version.
        """
        source = self._sources.get(name)
        if version is not None:
            if source is None or version not in source.versions:
                raise RestError(
                    404, f"Could not find version {version} of model {name}"
                )
            return to_json(status_document([version]))
        if source is None:
            raise RestError(404, f"Could not find any versions of model {name}")
        return to_json(status_document(source.versions))

    def metadata(self, name: str, version: int | None) -> bytes:
        """Return what a model takes and returns, as JSON.

        Raises:
            RestError: there is no such model or version.
        """
        return self._metadata[name, self._version(name, version)]

    def submit(
        self, name: str, version: int | None, method: str, body: bytes
    ) -> Future[Answer]:
        """Have a request answered.

        Args:
            name: name of the model.
            version: its version; None means the newest.
            method: `"predict"`, `"classify"` or `"regress"`.
            body: the body of the request.

        Raises:
            RestError: there is no such model or version.
        """
        with self._lock:
            number = self._version(name, version)
            pool = self._pools[_is_saved_model(self._sources[name])]
            return pool.submit(Request(name, number, method, body))

    def check(self, name: str, version: int | None) -> None:
        """Refuse a model or version that is not served.

        Raises:
            RestError: there is no such model or version.
        """
        self._version(name, version)

    def _version(self, name: str, version: int | None) -> int:
        source = self._sources.get(name)
        if source is not None and version is None:
            return max(source.versions)
        if source is None or version not in source.versions:
            wish = (
                f"Latest({name})" if version is None else f"Specific({name}, {version})"
            )
            raise RestError(404, f"Servable not found for request: {wish}")
        assert version is not None
        return version


def _is_saved_model(source: ModelSource) -> bool:
    return source.kind == SAVED_MODEL


def _read_metadata(
    sources: list[ModelSource], is_saved_model: bool, pool: WorkerPool
) -> dict[tuple[str, int], bytes]:
    """Return what the models of some workers take and return, as JSON."""
    return {
        (source.name, version): pool.submit(Request(source.name, version, "metadata"))
        .result()
        .body
        for source in sources
        if _is_saved_model(source) == is_saved_model
        for version in source.versions
    }
