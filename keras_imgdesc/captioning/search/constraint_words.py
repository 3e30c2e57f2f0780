"""From the words that a user asks for to constraints on tokens."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from keras_imgdesc.captioning.search.constraints import Constraints
from keras_imgdesc.captioning.search.decoding import Tokens
from keras_imgdesc.captioning.search.settings import GenerationSettings
from keras_imgdesc.errors import InputError
from keras_imgdesc.text.checks import check_unicode
from keras_imgdesc.text.standardization import standardize_list
from keras_imgdesc.text.vocabulary import SPECIAL_TOKENS, Vocabulary

# Similarity of a word that may have been meant: "women" for "womn", not "fuzzy" for
# "xyzzy".
_NEAR = 0.65


def constraints_of_words(
    vocabulary: Vocabulary, settings: GenerationSettings, split: str = "words"
) -> Constraints | None:
    """Return the constraints of `prefix`, `require` and `avoid`.

    Words are standardized as captions are: "A photo of" becomes "a photo of". A word to
    avoid that the vocabulary lacks never occurs, so it is accepted.

    Args:
        vocabulary: the words of the captioner.
        settings: settings with words and `max_length`.
        split: how the captioner splits texts; see `CaptionTokenizer`.

    Returns:
        Constraints as NumPy arrays, or None if the settings have no words.

    Raises:
        InputError: a word of `prefix` or `require` is not in the vocabulary, an entry
            of `require` or `avoid` is not one word, words contradict each other, or
            they do not fit into `max_length`.

    Example:

    >>> from keras_imgdesc.captioning import GenerationSettings
    >>> from keras_imgdesc.captioning.search.constraint_words import (
    ...     constraints_of_words)
    >>> from keras_imgdesc.text import Vocabulary
    >>> vocabulary = Vocabulary(["a", "photo", "of", "dog"])
    >>> settings = GenerationSettings(max_length=5, prefix="A photo of")
    >>> constraints_of_words(vocabulary, settings).prefix.tolist()
    [4, 5, 6, -1, -1]
    """
    if not settings.words:
        return None
    prefix = _prefix_words(settings.prefix, vocabulary, split)
    require = list(dict.fromkeys(_single_words("require", settings.require, split)))
    avoid = _single_words("avoid", settings.avoid, split)
    _refuse_unknown("require", require, vocabulary)
    _refuse_contradictions(prefix, require, avoid)
    _refuse_too_long(prefix, require, settings.max_length)
    ids = {word: vocabulary.id_of(word) for word in (*prefix, *require, *avoid)}
    return Constraints.of_tokens(
        Tokens(len(vocabulary)),
        settings.max_length,
        prefix=[ids[word] for word in prefix],
        require=[ids[word] for word in require],
        avoid=[ids[word] for word in avoid if word in vocabulary],
    )


def _prefix_words(prefix: str | None, vocabulary: Vocabulary, split: str) -> list[str]:
    if not prefix:
        return []
    check_unicode(prefix=prefix)
    words = standardize_list([prefix], split)[0].split()
    if not words:
        raise InputError(
            "prefix must have a word", "Omit it, or write words", prefix=prefix
        )
    _refuse_unknown("prefix", words, vocabulary)
    return words


def _single_words(name: str, entries: Sequence[str] | None, split: str) -> list[str]:
    if not entries:
        return []
    for entry in entries:
        check_unicode(**{name: entry})
    words = standardize_list(list(entries), split)
    for entry, word in zip(entries, words, strict=True):
        if len(word.split()) != 1:
            raise InputError(
                f"Each entry of {name} must be one word",
                "Pass the words one by one",
                **{name: entry},
            )
    return words


def _refuse_unknown(name: str, words: list[str], vocabulary: Vocabulary) -> None:
    unknown = [word for word in words if word not in vocabulary]
    if not unknown:
        return
    known = vocabulary.tokens[len(SPECIAL_TOKENS) :]
    near = {word: get_close_matches(word, known, cutoff=_NEAR) for word in unknown}
    hints = [
        f"Instead of {word!r}, use {' or '.join(similar)}"
        for word, similar in near.items()
        if similar
    ]
    raise InputError(
        f"{name} must have words of the captioner's vocabulary only",
        ". ".join(hints) or "Use words of captioner.vocabulary",
        unknown=unknown,
        vocabulary_size=len(vocabulary),
    )


def _refuse_contradictions(
    prefix: list[str], require: list[str], avoid: list[str]
) -> None:
    for name, words in (("prefix", prefix), ("require", require)):
        both = sorted(set(words) & set(avoid))
        if both:
            raise InputError(
                f"A word of {name} cannot be avoided",
                f"Remove it from {name} or from avoid",
                words=both,
            )


def _refuse_too_long(prefix: list[str], require: list[str], max_length: int) -> None:
    others = [word for word in require if word not in prefix]
    if len(prefix) + len(others) > max_length:
        raise InputError(
            "The words of prefix and require must fit into max_length",
            "Use fewer words or a greater max_length",
            prefix=" ".join(prefix),
            require=require,
            max_length=max_length,
        )
