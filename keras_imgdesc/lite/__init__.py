"""Run exported `.tflite` files without TensorFlow and Keras.

Needs `ai-edge-litert`, NumPy and Pillow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_imgdesc.lite.captioner import LiteCaptioner as LiteCaptioner
    from keras_imgdesc.lite.classifier import LiteClassifier as LiteClassifier
    from keras_imgdesc.lite.matcher import LiteMatcher as LiteMatcher
    from keras_imgdesc.lite.painter import LitePainter as LitePainter

_HOMES = {
    "LiteCaptioner": "captioner",
    "LiteClassifier": "classifier",
    "LiteMatcher": "matcher",
    "LitePainter": "painter",
}

__all__ = ["LiteCaptioner", "LiteClassifier", "LiteMatcher", "LitePainter"]


def __getattr__(name: str) -> Any:
    # Imported on first use: painting does not need what reads images.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
