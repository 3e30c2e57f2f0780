"""Caption images, match images with text, and paint images from text.

Importing the package is fast: each name below is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from keras_imgdesc.errors import check_tensorflow
from keras_imgdesc.version import __version__

_HOMES = {
    "BertTextEncoder": "keras_imgdesc.text",
    "Caption": "keras_imgdesc.caption",
    "CaptionTokenizer": "keras_imgdesc.text",
    "ClassificationHead": "keras_imgdesc.vision",
    "CompactTextEncoder": "keras_imgdesc.text",
    "EfficientNetLiteEncoder": "keras_imgdesc.vision",
    "GRUDecoder": "keras_imgdesc.captioning",
    "ImageCaptioner": "keras_imgdesc.captioning",
    "ImageClassifier": "keras_imgdesc.classification",
    "ImageError": "keras_imgdesc.errors",
    "ImageTextMatcher": "keras_imgdesc.matching",
    "InputError": "keras_imgdesc.errors",
    "LSTMDecoder": "keras_imgdesc.captioning",
    "Labels": "keras_imgdesc.classification",
    "MobileNetEncoder": "keras_imgdesc.vision",
    "Prediction": "keras_imgdesc.prediction",
    "SearchIndex": "keras_imgdesc.matching",
    "TextToImage": "keras_imgdesc.painting",
    "TransformerDecoder": "keras_imgdesc.captioning",
    "VGG16Encoder": "keras_imgdesc.vision",
    "Vocabulary": "keras_imgdesc.text",
    "export_saved_model": "keras_imgdesc.export",
    "export_tflite": "keras_imgdesc.export",
    "list_presets": "keras_imgdesc.presets.folders",
    "load": "keras_imgdesc.runtimes",
    "load_image": "keras_imgdesc.images",
    "load_preset": "keras_imgdesc.tasks",
    "verify": "keras_imgdesc.verification.verify",
}

__all__ = [
    "BertTextEncoder",
    "Caption",
    "CaptionTokenizer",
    "ClassificationHead",
    "CompactTextEncoder",
    "EfficientNetLiteEncoder",
    "GRUDecoder",
    "ImageCaptioner",
    "ImageClassifier",
    "ImageError",
    "ImageTextMatcher",
    "InputError",
    "LSTMDecoder",
    "Labels",
    "MobileNetEncoder",
    "Prediction",
    "SearchIndex",
    "TextToImage",
    "TransformerDecoder",
    "VGG16Encoder",
    "Vocabulary",
    "__version__",
    "export_saved_model",
    "export_tflite",
    "list_presets",
    "load",
    "load_image",
    "load_preset",
    "verify",
]

if TYPE_CHECKING:
    from keras_imgdesc.caption import Caption
    from keras_imgdesc.captioning import (
        GRUDecoder,
        ImageCaptioner,
        LSTMDecoder,
        TransformerDecoder,
    )
    from keras_imgdesc.classification import ImageClassifier, Labels
    from keras_imgdesc.errors import ImageError, InputError
    from keras_imgdesc.export import export_saved_model, export_tflite
    from keras_imgdesc.images import load_image
    from keras_imgdesc.matching import ImageTextMatcher, SearchIndex
    from keras_imgdesc.painting import TextToImage
    from keras_imgdesc.prediction import Prediction
    from keras_imgdesc.presets.folders import list_presets
    from keras_imgdesc.runtimes import load
    from keras_imgdesc.tasks import load_preset
    from keras_imgdesc.text import (
        BertTextEncoder,
        CaptionTokenizer,
        CompactTextEncoder,
        Vocabulary,
    )
    from keras_imgdesc.verification.verify import verify
    from keras_imgdesc.vision import (
        ClassificationHead,
        EfficientNetLiteEncoder,
        MobileNetEncoder,
        VGG16Encoder,
    )


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError:
        check_tensorflow(f"keras_imgdesc.{name}")
        raise
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
