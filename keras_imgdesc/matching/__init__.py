"""Matching: one score for images and texts, and a search index."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_imgdesc.embeddings import ImageEmbeddings as ImageEmbeddings
    from keras_imgdesc.embeddings import MatchedTexts as MatchedTexts
    from keras_imgdesc.embeddings import WordMaps as WordMaps
    from keras_imgdesc.matching.image_text_matcher import (
        ImageTextMatcher as ImageTextMatcher,
    )
    from keras_imgdesc.matching.image_tower import ImageTower as ImageTower
    from keras_imgdesc.matching.index.relocating import Relocation as Relocation
    from keras_imgdesc.matching.index.search_index import SearchHit as SearchHit
    from keras_imgdesc.matching.index.search_index import SearchIndex as SearchIndex
    from keras_imgdesc.matching.index.writing import IndexUpdate as IndexUpdate
    from keras_imgdesc.matching.pair_score import PairScore as PairScore
    from keras_imgdesc.matching.text_tower import TextTower as TextTower

_HOMES = {
    "ImageEmbeddings": "keras_imgdesc.embeddings",
    "ImageTextMatcher": "keras_imgdesc.matching.image_text_matcher",
    "ImageTower": "keras_imgdesc.matching.image_tower",
    "IndexUpdate": "keras_imgdesc.matching.index.writing",
    "MatchedTexts": "keras_imgdesc.embeddings",
    "PairScore": "keras_imgdesc.matching.pair_score",
    "Relocation": "keras_imgdesc.matching.index.relocating",
    "SearchHit": "keras_imgdesc.matching.index.search_index",
    "SearchIndex": "keras_imgdesc.matching.index.search_index",
    "TextTower": "keras_imgdesc.matching.text_tower",
    "WordMaps": "keras_imgdesc.embeddings",
}

__all__ = [
    "ImageEmbeddings",
    "ImageTextMatcher",
    "ImageTower",
    "IndexUpdate",
    "MatchedTexts",
    "PairScore",
    "Relocation",
    "SearchHit",
    "SearchIndex",
    "TextTower",
    "WordMaps",
]


def __getattr__(name: str) -> Any:
    # Imported on first use: a search index can be opened without loading TensorFlow.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
