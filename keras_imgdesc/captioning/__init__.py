"""Captioning: an image in, words out."""

from keras_imgdesc.caption import Caption
from keras_imgdesc.captioning.caption_preprocessor import CaptionPreprocessor
from keras_imgdesc.captioning.decoding import SearchResult, Tokens
from keras_imgdesc.captioning.generation_settings import GenerationSettings
from keras_imgdesc.captioning.image_captioner import ImageCaptioner
from keras_imgdesc.captioning.losses import CaptionLoss
from keras_imgdesc.captioning.lstm_decoder import LSTMDecoder
from keras_imgdesc.captioning.sampling import draw_noise, sample
from keras_imgdesc.captioning.search import beam_search

__all__ = [
    "Caption",
    "CaptionLoss",
    "CaptionPreprocessor",
    "GenerationSettings",
    "ImageCaptioner",
    "LSTMDecoder",
    "SearchResult",
    "Tokens",
    "beam_search",
    "draw_noise",
    "sample",
]
