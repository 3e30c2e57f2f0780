"""What the processes that run one form of a task have in common.

A runner reads a dict that `wire` encoded from its standard input, `{"task": name of the
class, "path": of the model, "num_threads": int or None, "requests": [...]}`. It writes
a dict to its standard output, `{"answers": one per request, "seconds": one per request,
"peak_memory": bytes}`. Neither TensorFlow nor Keras is imported here.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from keras_imgdesc.verification.runners.wire import decode, encode
from keras_imgdesc.verification.tasks.task_check import Ask, Request


def read_order() -> dict[str, Any]:
    """Read what the runner has to do from its standard input."""
    order: dict[str, Any] = decode(sys.stdin.buffer.read())
    return order


def answer_requests(ask: Ask, requests: list[Request]) -> None:
    """Answer requests in order, and write the answers and their cost.

    Args:
        ask: function that answers one request.
        requests: the requests.
    """
    answers, seconds = [], []
    for request in requests:
        start = time.perf_counter()
        answers.append(ask(request))
        seconds.append(time.perf_counter() - start)
    reply = {"answers": answers, "seconds": seconds, "peak_memory": peak_memory()}
    sys.stdout.buffer.write(encode(reply))


def peak_memory() -> int:
    """Return the largest number of resident bytes of this process; 0 if unknown.

    Linux counts it for this program. `getrusage` would also count the program that
    started it.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    fields = dict(line.partition(":")[::2] for line in status.splitlines())
    return 1024 * int(fields["VmHWM"].split()[0])
