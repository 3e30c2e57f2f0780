"""Vocabularies, tokenizers and text encoders."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_imgdesc.text.bert_text_encoder import BertTextEncoder as BertTextEncoder
    from keras_imgdesc.text.compact_text_encoder import (
        CompactTextEncoder as CompactTextEncoder,
    )
    from keras_imgdesc.text.registry import TEXT_ENCODERS as TEXT_ENCODERS
    from keras_imgdesc.text.standardization import standardize as standardize
    from keras_imgdesc.text.text_encoder import TextEmbeddings as TextEmbeddings
    from keras_imgdesc.text.text_encoder import TextEncoder as TextEncoder
    from keras_imgdesc.text.text_reader import TextReader as TextReader
    from keras_imgdesc.text.tokenizer import CaptionTokenizer as CaptionTokenizer
    from keras_imgdesc.text.vocabulary import Vocabulary as Vocabulary
    from keras_imgdesc.text.word_piece_tokenizer import (
        WordPieceTokenizer as WordPieceTokenizer,
    )
    from keras_imgdesc.text.word_piece_vocabulary import (
        WordPieceVocabulary as WordPieceVocabulary,
    )

_HOMES = {
    "BertTextEncoder": "bert_text_encoder",
    "CaptionTokenizer": "tokenizer",
    "CompactTextEncoder": "compact_text_encoder",
    "TEXT_ENCODERS": "registry",
    "TextEmbeddings": "text_encoder",
    "TextEncoder": "text_encoder",
    "TextReader": "text_reader",
    "Vocabulary": "vocabulary",
    "WordPieceTokenizer": "word_piece_tokenizer",
    "WordPieceVocabulary": "word_piece_vocabulary",
    "standardize": "standardization",
}

__all__ = [
    "BertTextEncoder",
    "CaptionTokenizer",
    "CompactTextEncoder",
    "TEXT_ENCODERS",
    "TextEmbeddings",
    "TextEncoder",
    "TextReader",
    "Vocabulary",
    "WordPieceTokenizer",
    "WordPieceVocabulary",
    "standardize",
]


def __getattr__(name: str) -> Any:
    # Imported late: a vocabulary does not need TensorFlow.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
