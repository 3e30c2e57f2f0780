"""Describes pictures in Python or with a SavedModel, in a process of its own.

    python -m keras_imgdesc.verification.python_worker KIND MODEL < request.json

The request is `{"pictures": [path, ...]}`; printed is `{"captions": [...],
"log_probs": [...], "seconds": [...], "peak_memory": bytes}`.
"""

import json
import sys
import time
from collections.abc import Callable

from keras_imgdesc.lite.peak_memory import peak_memory


def python(model: str) -> Callable[[str], tuple[str, float]]:
    """The captioner itself."""
    from keras_imgdesc.captioning import ImageCaptioner

    captioner = ImageCaptioner.from_preset(model)

    def describe(path: str) -> tuple[str, float]:
        caption = captioner.generate(path, return_details=True)
        return caption.text, caption.log_prob

    return describe


def saved_model(model: str) -> Callable[[str], tuple[str, float]]:
    """Its SavedModel, loaded without this package's models."""
    import tensorflow as tf

    loaded = tf.saved_model.load(model)
    serve = loaded.signatures["serving_default"]

    def describe(path: str) -> tuple[str, float]:
        with open(path, "rb") as file:
            outputs = serve(image_bytes=tf.constant([file.read()]))
        assert outputs["error"][0] == b"", outputs["error"][0]
        return outputs["caption"][0].numpy().decode(), float(outputs["log_prob"][0])

    describe.model = loaded  # type: ignore[attr-defined]  # else it is freed
    return describe


def main() -> None:
    kind, model = sys.argv[1:]
    describe = {"python": python, "saved_model": saved_model}[kind](model)
    results: dict[str, list] = {"captions": [], "log_probs": [], "seconds": []}
    for path in json.load(sys.stdin)["pictures"]:
        start = time.perf_counter()
        text, log_prob = describe(path)
        results["seconds"].append(time.perf_counter() - start)
        results["captions"].append(text)
        results["log_probs"].append(log_prob)
    json.dump(results | {"peak_memory": peak_memory()}, sys.stdout)


if __name__ == "__main__":
    main()
