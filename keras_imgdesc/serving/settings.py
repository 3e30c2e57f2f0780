"""Settings of the server."""

from __future__ import annotations

from dataclasses import dataclass

from keras_imgdesc.errors import InputError


@dataclass(frozen=True)
class ServerSettings:
    """Where the server listens, and its limits.

    Args:
        host: address to listen on.
        port: port to listen on; 0 is any free one.
        workers: number of processes that run `.tflite` files.
        max_batch: the largest number of rows of several requests that a SavedModel
            computes at once.
        queue_size: number of requests that may wait for a worker.
        max_body: bytes of a request.
        max_instances: instances of a request.
        max_pixels: pixels of an image.
        timeout: seconds from the arrival of a request to its answer.
        access_log: whether to write a line for each request.

    Raises:
        InputError: a number is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 8501
    workers: int = 1
    max_batch: int = 32
    queue_size: int = 100
    max_body: int = 32 << 20
    max_instances: int = 256
    max_pixels: int = 100_000_000
    timeout: float = 30.0
    access_log: bool = False

    def __post_init__(self) -> None:
        for name in (
            *("workers", "max_batch", "queue_size", "max_body"),
            *("max_instances", "max_pixels", "timeout"),
        ):
            if not getattr(self, name) > 0:
                raise InputError(
                    f"{name} must be positive",
                    f"Use {type(self).__dataclass_fields__[name].default}",
                    **{name: getattr(self, name)},
                )
        if not 0 <= self.port < 1 << 16:
            raise InputError("A port is from 0 to 65535", "Use 8501", port=self.port)
