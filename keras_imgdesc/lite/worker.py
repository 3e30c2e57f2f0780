"""Describes pictures with a `.tflite` file, in a process without TensorFlow.

    python -m keras_imgdesc.lite.worker MODEL < request.json

The request is `{"pictures": [path, ...], "num_threads": n}`; printed is `{"captions":
[...], "log_probs": [...], "seconds": [...], "peak_memory": bytes}`.
"""

import json
import sys
import time

from keras_imgdesc.lite.lite_captioner import LiteCaptioner
from keras_imgdesc.lite.peak_memory import peak_memory


def main() -> None:
    request = json.load(sys.stdin)
    captioner = LiteCaptioner(sys.argv[1], request.get("num_threads"))
    results: dict[str, list] = {"captions": [], "log_probs": [], "seconds": []}
    for path in request["pictures"]:
        start = time.perf_counter()
        caption = captioner.generate(path, return_details=True)
        results["seconds"].append(time.perf_counter() - start)
        results["captions"].append(caption.text)
        results["log_probs"].append(caption.log_prob)
    assert not {"tensorflow", "keras"} & set(sys.modules)
    json.dump(results | {"peak_memory": peak_memory()}, sys.stdout)


if __name__ == "__main__":
    main()
