"""Free-running captions of feature maps, as a training validates with them."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from keras_imgdesc.backend import compile_function
from keras_imgdesc.captioning import Decoder, Tokens, beam_search
from keras_imgdesc.text import CaptionTokenizer


def compile_search(
    decoder: Decoder,
    tokenizer: CaptionTokenizer,
    *,
    num_beams: int = 3,
    length_penalty: float = 0.8,
) -> Callable[[Any], Any]:
    """Compile a beam search from feature maps to the token ids of the best captions.

    The function reads the decoder's weights when it is called, so it can be compiled
    once per training.

    Args:
        decoder: the captioner's decoder.
        tokenizer: the captioner's tokenizer.
        num_beams: number of beams.
        length_penalty: exponent of the length that a beam's score is divided by.

    Returns:
        A function of float `(images, rows, columns, channels)` to int
        `(images, words)`.
    """
    tokens = Tokens(len(tokenizer.vocabulary))

    def search(feature_map):
        memory, state = decoder.begin(feature_map)
        found = beam_search(
            decoder.step,
            memory,
            state,
            tokens=tokens,
            num_beams=num_beams,
            max_length=tokenizer.sequence_length - 1,
            length_penalty=length_penalty,
        )
        return found.token_ids[:, 0]

    return compile_function(decoder, search)


def describe_features(
    search: Callable[[Any], Any],
    tokenizer: CaptionTokenizer,
    batches: Iterable[np.ndarray],
) -> list[str]:
    """Return the best caption of each feature map, without teacher forcing.

    Args:
        search: a function of `compile_search`.
        tokenizer: the captioner's tokenizer.
        batches: feature maps, float `(images, rows, columns, channels)`.
    """
    texts: list[str] = []
    width = 0
    for batch in batches:
        # A short last batch is padded, so that all batches share one trace.
        width = max(width, len(batch))
        padding = [(0, width - len(batch))] + [(0, 0)] * (batch.ndim - 1)
        ids = np.asarray(search(np.pad(batch, padding)))[: len(batch)]
        texts += tokenizer.detokenize(ids)
    return texts
