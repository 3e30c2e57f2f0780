r"""Runs a model in Python or as a SavedModel, in a process of its own.

    python -m keras_imgdesc.verification.runners.tensorflow KIND TASK MODEL \
        < request.json

`KIND` is `python` or `saved_model`; requests and answers are those of
`keras_imgdesc.verification.runners.tflite`.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from keras_imgdesc.verification.runners.protocol import work

Run = Callable[..., dict[str, Any]]


def python_captioner(model: str) -> Run:
    """The captioner itself."""
    from keras_imgdesc.captioning import ImageCaptioner

    captioner = ImageCaptioner.from_preset(model)

    def describe(picture: str) -> dict[str, Any]:
        caption = captioner.generate(picture, return_details=True)
        return {"captions": caption.text, "log_probs": caption.log_prob}

    return describe


def python_painter(model: str) -> Run:
    """The painter itself."""
    from keras_imgdesc.painting import TextToImage

    painter = TextToImage.from_preset(model)
    return lambda text, seed: {"pictures": painter.generate(text, seed=seed)[0]}


def saved_captioner(model: str) -> Run:
    """A captioner's SavedModel, loaded without this package's models."""
    serve = _signature(model, "serving_default")
    import tensorflow as tf

    def describe(picture: str) -> dict[str, Any]:
        with open(picture, "rb") as file:
            outputs = serve(image_bytes=tf.constant([file.read()]))
        assert outputs["error"][0] == b"", outputs["error"][0]
        return {
            "captions": outputs["caption"][0].numpy().decode(),
            "log_probs": float(outputs["log_prob"][0]),
        }

    return describe


def saved_painter(model: str) -> Run:
    """A painter's SavedModel, loaded without this package's models."""
    serve = _signature(model, "paint")
    import tensorflow as tf

    def paint(text: str, seed: int) -> dict[str, Any]:
        outputs = serve(
            text=tf.constant([text]),
            seed=tf.constant(seed, tf.int64),
            num_images=tf.constant(1),
        )
        assert outputs["error"][0] == b"", outputs["error"][0]
        return {"pictures": outputs["pixels"][0, 0].numpy()}

    return paint


def _signature(model: str, name: str) -> Any:
    import tensorflow as tf

    loaded = tf.saved_model.load(model)
    signature = loaded.signatures[name]
    signature.model = loaded  # else it is freed
    return signature


BUILDERS = {
    ("python", "ImageCaptioner"): python_captioner,
    ("python", "TextToImage"): python_painter,
    ("saved_model", "ImageCaptioner"): saved_captioner,
    ("saved_model", "TextToImage"): saved_painter,
}


def main() -> None:
    kind, task, model = sys.argv[1:]
    work(BUILDERS[kind, task](model), json.load(sys.stdin)["requests"])


if __name__ == "__main__":
    main()
