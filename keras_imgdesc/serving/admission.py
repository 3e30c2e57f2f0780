"""Which requests are accepted."""

from __future__ import annotations

from keras_imgdesc.serving.rest_error import RestError

# Bodies in memory, in multiples of the largest one.
_BODIES = 8


class Admission:
    """Count the requests that are read, wait or are computed, and refuse more.

    All calls come from one thread.

    Args:
        most_requests: number of requests at a time.
        max_body: bytes of the largest body.

    Attributes:
        is_open: whether requests are accepted.
        count: number of requests that were accepted and not yet answered.
        accepted: number of all requests that were accepted.
    """

    def __init__(self, most_requests: int, max_body: int) -> None:
        self.is_open = True
        self.count = self.accepted = 0
        self._bytes = 0
        self._most_requests, self._max_body = most_requests, max_body

    def enter(self) -> None:
        """Accept a request.

        Raises:
            RestError: there are too many.
        """
        if self.count >= self._most_requests:
            raise RestError(503, "Too many requests are waiting. Try again later.")
        self.count += 1
        self.accepted += 1

    def check(self, size: int) -> None:
        """Refuse a body of this many bytes, if it is too large.

        Raises:
            RestError: it is.
        """
        if size > self._max_body:
            raise RestError(413, f"A request may have at most {self._max_body:,} bytes")

    def add(self, body: int, size: int) -> None:
        """Accept a part of a body.

        Args:
            body: bytes of the body before.
            size: bytes of the part.

        Raises:
            RestError: the body is too large, or all bodies together are.
        """
        self.check(body + size)
        if self._bytes + size > _BODIES * self._max_body:
            raise RestError(
                503, "Too many large requests are waiting. Try again later."
            )
        self._bytes += size

    def leave(self, body: int) -> None:
        """Forget a request that was answered.

        Args:
            body: bytes of its body that were accepted.
        """
        self.count -= 1
        self._bytes -= body
