"""Requests and answers, as they travel to a worker and back."""

from __future__ import annotations

import json
import struct
from typing import NamedTuple

import numpy as np

_LENGTH = struct.Struct("<Q")


class Request(NamedTuple):
    """A request for a version of a model.

    Attributes:
        model: name of the model.
        version: its version.
        method: `"predict"`, `"classify"`, `"regress"` or `"metadata"`.
        body: the body as it arrived.
    """

    model: str
    version: int
    method: str
    body: bytes = b""


class Answer(NamedTuple):
    """What a client gets.

    Attributes:
        status: the status code of HTTP.
        body: JSON.
    """

    status: int
    body: bytes


def pack_requests(requests: list[Request]) -> bytes:
    """Return requests as bytes."""
    header = json.dumps([[*r[:3], len(r.body)] for r in requests]).encode()
    return b"".join([_LENGTH.pack(len(header)), header, *(r.body for r in requests)])


def unpack_requests(content: bytes) -> list[Request]:
    """Return the requests that `pack_requests` was given."""
    (length,) = _LENGTH.unpack_from(content)
    place = _LENGTH.size + length
    requests = []
    for model, version, method, size in json.loads(content[_LENGTH.size : place]):
        body = content[place : place + size]
        requests.append(Request(model, version, method, body))
        place += size
    return requests


def pack_answers(answers: list[Answer], batches: list[int]) -> dict[str, np.ndarray]:
    """Return answers as arrays.

    Args:
        answers: the answers.
        batches: the numbers of rows that were computed at once.
    """
    bodies = {
        str(index): np.frombuffer(answer.body, np.uint8)
        for index, answer in enumerate(answers)
    }
    return bodies | {
        "status": np.array([answer.status for answer in answers], np.int32),
        "batches": np.array(batches, np.int32),
    }


def unpack_answers(arrays: dict[str, np.ndarray]) -> tuple[list[Answer], list[int]]:
    """Return the answers and batches that `pack_answers` was given."""
    answers = [
        Answer(int(status), arrays[str(index)].tobytes())
        for index, status in enumerate(arrays["status"])
    ]
    return answers, arrays["batches"].tolist()
