"""Run exported `.tflite` files without TensorFlow and Keras.

Needs `ai-edge-litert`, NumPy and Pillow.
"""

from keras_imgdesc.lite.captioner import LiteCaptioner
from keras_imgdesc.lite.classifier import LiteClassifier
from keras_imgdesc.lite.matcher import LiteMatcher
from keras_imgdesc.lite.painter import LitePainter

__all__ = ["LiteCaptioner", "LiteClassifier", "LiteMatcher", "LitePainter"]
