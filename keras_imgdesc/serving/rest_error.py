"""An error that a client gets."""

from __future__ import annotations

# Status codes by the names of TensorFlow's errors, as TensorFlow Serving maps them.
STATUS_OF_CODE = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


class RestError(Exception):
    """A request cannot be answered.

    Args:
        status: the status code of HTTP.
        message: what the client reads as `error`.

    Attributes:
        status, message: the arguments, as given.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def invalid(*parts: object) -> RestError:
    """Return the error of a request that is wrong in itself, with status 400.

    Args:
        *parts: parts of the message, which are joined without spaces.
    """
    return RestError(400, "".join(map(str, parts)))
