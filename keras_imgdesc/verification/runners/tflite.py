"""Runs a `.tflite` file, in a process without TensorFlow.

    python -m keras_imgdesc.verification.runners.tflite TASK MODEL < request.json

The request is `{"requests": [{...}, ...], "num_threads": n}`, what is printed is in
`working.work`. For an `ImageCaptioner` a request is `{"picture": path}`, and gives
`captions` and `log_probs`; for a `TextToImage` it is `{"text": ..., "seed": n}`, and
gives `pictures`.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from keras_imgdesc.lite.captioner import LiteCaptioner
from keras_imgdesc.lite.painter import LitePainter
from keras_imgdesc.verification.runners.protocol import work


def captioner(model: str, num_threads: int | None) -> Callable[..., dict[str, Any]]:
    lite = LiteCaptioner(model, num_threads)

    def describe(picture: str) -> dict[str, Any]:
        caption = lite.generate(picture, return_details=True)
        return {"captions": caption.text, "log_probs": caption.log_prob}

    return describe


def painter(model: str, num_threads: int | None) -> Callable[..., dict[str, Any]]:
    lite = LitePainter(model, num_threads)
    return lambda text, seed: {"pictures": lite.generate(text, seed=seed)[0]}


def main() -> None:
    task, model = sys.argv[1:]
    request = json.load(sys.stdin)
    build = {"ImageCaptioner": captioner, "TextToImage": painter}[task]
    work(build(model, request.get("num_threads")), request["requests"])
    assert not {"tensorflow", "keras"} & set(sys.modules)


if __name__ == "__main__":
    main()
