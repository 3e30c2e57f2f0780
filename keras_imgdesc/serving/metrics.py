"""What the server counts, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class ServerMetrics:
    """The metrics of a server.

    Args:
        queue_depth: returns the number of requests that wait for a worker.
        workers: returns the number of workers that can answer.
    """

    def __init__(
        self, queue_depth: Callable[[], int], workers: Callable[[], int]
    ) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "keras_imgdesc_requests",
            "Requests by model, method and status code.",
            ("model", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "keras_imgdesc_request_seconds",
            "Seconds from the arrival of a request to its answer.",
            ("model", "method"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._rows = Histogram(
            "keras_imgdesc_batch_rows",
            "Rows that were computed at once.",
            buckets=_ROWS,
            registry=self._registry,
        )
        self._restarts = Counter(
            "keras_imgdesc_worker_restarts",
            "Workers that died or took too long, and were replaced.",
            registry=self._registry,
        )
        for name, help_text, function in (
            ("queue_depth", "Requests that wait for a worker.", queue_depth),
            ("workers", "Workers that can answer.", workers),
        ):
            gauge = Gauge(f"keras_imgdesc_{name}", help_text, registry=self._registry)
            gauge.set_function(function)

    def count_request(
        self, model: str, method: str, status: int, seconds: float
    ) -> None:
        """Count a request that was answered.

        Args:
            model: name of the model; empty if there is none of this name, so that
                clients cannot make up names without end.
            method: the method, such as `"predict"`.
            status: the status code.
            seconds: time from its arrival to its answer.
        """
        self._requests.labels(model, method, str(status)).inc()
        self._seconds.labels(model, method).observe(seconds)

    def count_batch(self, rows: int) -> None:
        """Count rows that were computed at once."""
        self._rows.observe(rows)

    def count_restart(self) -> None:
        """Count a worker that was replaced."""
        self._restarts.inc()

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
