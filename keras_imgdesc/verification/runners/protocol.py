"""What the processes that run one form of a model have in common."""

from __future__ import annotations

import base64
import io
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from keras_imgdesc.lite.peak_memory import peak_memory


def work(run: Callable[..., dict[str, Any]], requests: list[dict[str, Any]]) -> None:
    """Runs requests one after the other, and prints what came out.

    Printed is JSON, `{name: [a value a request], "seconds": [...], "peak_memory":
    bytes}`, pictures as PNG in base64.

    Args:
        run: from a request's values by name to values by name.
        requests: its arguments.
    """
    results: dict[str, list[Any]] = defaultdict(list)
    for request in requests:
        start = time.perf_counter()
        found = run(**request)
        results["seconds"].append(time.perf_counter() - start)
        for name, value in found.items():
            is_picture = isinstance(value, np.ndarray)
            results[name].append(_as_text(value) if is_picture else value)
    json.dump({**results, "peak_memory": peak_memory()}, sys.stdout)


def _as_text(picture: np.ndarray) -> str:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()
