"""Loading a pretrained BERT."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import read_json
from keras_imgdesc.text.word_piece_vocabulary import WordPieceVocabulary

# KerasHub downloads names with these schemes. Any other name is one of its presets or
# a folder.
_SCHEMES = ("hf://", "kaggle://", "modelscope://")


class _TokenizerSettings(TypedDict):
    do_lower_case: NotRequired[bool | None]


_HUGGING_FACE_FILES = (
    ("config.json",),
    ("vocab.txt",),
    ("model.safetensors", "model.safetensors.index.json"),
)


def load_bert(
    source: str | os.PathLike[str], dropout: float
) -> tuple[Any, WordPieceVocabulary, bool]:
    """Load a pretrained BERT.

    Args:
        source: a folder in Hugging Face layout (`config.json`, `vocab.txt`,
            `model.safetensors`) or one that KerasHub saved, both read offline; or the
            name of a KerasHub preset or `"hf://owner/model"`, which KerasHub
            downloads.
        dropout: dropout rate of the entire backbone in training.

    Returns:
        The `BertBackbone`, its vocabulary, and whether it expects lower-case text.

    Raises:
        InputError: there is no such source, it is not a BERT, or a file is missing or
            broken.
    """
    # KerasHub takes seconds to import.
    import keras_nlp

    name = os.fspath(source)
    presets = keras_nlp.models.BertBackbone.presets
    is_fetched = name.startswith(_SCHEMES) or name in presets
    is_hugging_face = not is_fetched and _check_folder(name, presets)
    try:
        backbone = keras_nlp.models.BertBackbone.from_preset(name, dropout=dropout)
        if is_hugging_face:
            tokens, lowercase = _read_vocabulary(Path(name))
        else:
            tokenizer = keras_nlp.models.BertTokenizer.from_preset(name)
            tokens, lowercase = tokenizer.get_vocabulary(), tokenizer.lowercase
        vocabulary = WordPieceVocabulary(tokens)
    except ImportError as error:
        raise InputError(
            "The library that reads this kind of file must be installed",
            "Install the library in the reason, for instance keras-imgdesc[bert]",
            source=name,
            reason=str(error),
        ) from error
    except Exception as error:  # each format and hub raises different errors
        raise InputError(
            "The source must be a complete model of the BERT architecture",
            "Check the files, or the network connection if they are downloaded",
            source=name,
            reason=str(error),
        ) from error
    if len(vocabulary) > backbone.vocabulary_size:
        raise InputError(
            "A BERT must have a vector for each word piece",
            "Use the vocabulary file that belongs to the model",
            source=name,
            pieces=len(vocabulary),
            vectors=backbone.vocabulary_size,
        )
    return backbone, vocabulary, lowercase


def _check_folder(name: str, presets: Iterable[str]) -> bool:
    """Return whether a folder is in Hugging Face layout, with all its files."""
    folder = Path(name)
    if not name or not folder.is_dir():
        raise InputError(
            "The source must be a folder, a KerasHub preset or an hf:// name",
            f"Use a folder or one of {sorted(presets)}",
            source=name,
        )
    if (folder / "assets" / "tokenizer").is_dir():
        return False  # KerasHub's own layout
    for names in _HUGGING_FACE_FILES:
        if not any((folder / name).is_file() for name in names):
            raise InputError(
                "The folder of a BERT must have all its files",
                "Copy the folder again; weights are read from safetensors only",
                file=folder / names[0],
            )
    return True


def _read_vocabulary(folder: Path) -> tuple[list[str], bool]:
    # As KerasHub does, except that the tokenizer's configuration may be missing.
    text = (folder / "vocab.txt").read_text(encoding="utf-8")
    tokens = [line.rstrip() for line in text.removesuffix("\n").split("\n")]
    settings = folder / "tokenizer_config.json"
    lowercase = True
    if settings.is_file():
        found = read_json(settings, _TokenizerSettings, allow_unknown=True)
        lowercase = found.get("do_lower_case", True) is not False
    return tokens, lowercase
