"""Captioning: from an image to a sentence that describes it."""

from keras_imgdesc.caption import Caption
from keras_imgdesc.captioning.caption_preprocessor import CaptionPreprocessor
from keras_imgdesc.captioning.captioner_graph import joint_model
from keras_imgdesc.captioning.captioning_model import CaptioningModel
from keras_imgdesc.captioning.decoders import (
    DECODERS,
    Decoder,
    GRUDecoder,
    LSTMDecoder,
    TransformerDecoder,
    build_decoder,
)
from keras_imgdesc.captioning.image_captioner import ImageCaptioner
from keras_imgdesc.captioning.losses import CaptionLoss
from keras_imgdesc.captioning.search.beam_search import beam_search
from keras_imgdesc.captioning.search.constraints import Constraints
from keras_imgdesc.captioning.search.decoding import SearchResult, Tokens
from keras_imgdesc.captioning.search.sampling import draw_noise, sample
from keras_imgdesc.captioning.search.settings import GenerationSettings

__all__ = [
    "DECODERS",
    "Caption",
    "CaptionLoss",
    "CaptionPreprocessor",
    "CaptioningModel",
    "Constraints",
    "Decoder",
    "GRUDecoder",
    "GenerationSettings",
    "ImageCaptioner",
    "LSTMDecoder",
    "SearchResult",
    "Tokens",
    "TransformerDecoder",
    "beam_search",
    "build_decoder",
    "draw_noise",
    "joint_model",
    "sample",
]
