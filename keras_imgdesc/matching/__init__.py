"""Matching: one score for pictures and words."""

from keras_imgdesc.matching.embeddings import ImageEmbeddings, MatchedTexts
from keras_imgdesc.matching.image_text_matcher import ImageTextMatcher
from keras_imgdesc.matching.image_tower import ImageTower
from keras_imgdesc.matching.matching_loss import matching_loss
from keras_imgdesc.matching.pair_score import PairScore
from keras_imgdesc.matching.text_tower import TextTower
from keras_imgdesc.matching.word_maps import WordMaps

__all__ = [
    "ImageEmbeddings",
    "ImageTextMatcher",
    "ImageTower",
    "MatchedTexts",
    "PairScore",
    "TextTower",
    "WordMaps",
    "matching_loss",
]
