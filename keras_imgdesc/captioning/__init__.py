"""Captioning: an image in, words out."""

from keras_imgdesc.caption import Caption
from keras_imgdesc.captioning.caption_preprocessor import CaptionPreprocessor
from keras_imgdesc.captioning.decoders.lstm_decoder import LSTMDecoder
from keras_imgdesc.captioning.image_captioner import ImageCaptioner
from keras_imgdesc.captioning.losses import CaptionLoss
from keras_imgdesc.captioning.search.beam_search import beam_search
from keras_imgdesc.captioning.search.decoding import SearchResult, Tokens
from keras_imgdesc.captioning.search.sampling import draw_noise, sample
from keras_imgdesc.captioning.search.settings import GenerationSettings

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
