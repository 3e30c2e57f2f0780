"""A process that computes something of one image after the other.

`WorkerProcess` starts it and talks to it.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from importlib import import_module

from keras_imgdesc.errors import ImageError
from keras_imgdesc.lite.messages import (
    decode_source,
    encode,
    encode_error,
    receive,
)


def main() -> None:
    """Answer messages on standard input, on standard output, until the input ends."""
    # Ctrl-C is the business of the process that started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    start = receive(sys.stdin.buffer)
    if start is None:
        return
    header, _ = start
    module, _, name = header["target"].partition(":")
    run = getattr(import_module(module), name)(**header["settings"])
    answer = encode({"is_ready": True})
    while True:
        answers.write(answer)
        answers.flush()
        message = receive(sys.stdin.buffer)
        if message is None:
            return
        try:
            answer = encode({}, run(decode_source(*message)))
        except ImageError as error:
            answer = encode_error(error)
        except Exception:
            answer = encode({"traceback": traceback.format_exc()})
        message = None
