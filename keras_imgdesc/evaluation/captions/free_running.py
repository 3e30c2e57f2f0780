"""Captions generated freely, and their scores."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from keras_imgdesc.backend import compile_function
from keras_imgdesc.captioning import LSTMDecoder, Tokens, beam_search
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.scenes import graph_matches, objects_match
from keras_imgdesc.evaluation.captions.caption_metrics import bleu, cider_d
from keras_imgdesc.text import CaptionTokenizer


def compile_search(
    decoder: LSTMDecoder,
    tokenizer: CaptionTokenizer,
    *,
    num_beams: int = 3,
    length_penalty: float = 0.8,
) -> Callable[[Any], Any]:
    """A compiled function of feature maps to the token ids of their best captions.

    It reads the decoder's weights when it is called, so it serves a whole training.

    Args:
        decoder, tokenizer: of one captioner.
        num_beams, length_penalty: of the beam search.
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
    """The best caption of each feature map, never teacher-forced.

    Args:
        search: of `compile_search`.
        tokenizer: ids to words.
        batches: feature maps `(pictures, rows, columns, channels)`.
    """
    texts: list[str] = []
    width = 0
    for batch in batches:
        # One shape, one trace: a short last batch is filled up.
        width = max(width, len(batch))
        padding = [(0, width - len(batch))] + [(0, 0)] * (batch.ndim - 1)
        ids = np.asarray(search(np.pad(batch, padding)))[: len(batch)]
        texts += tokenizer.detokenize(ids)
    return texts


def score_captions(
    captions: list[str], collection: CaptionCollection, metric: str | None = None
) -> dict[str, Any]:
    """BLEU, and what else the pictures allow.

    Args:
        captions: one for each picture of the collection.
        collection: with references; with scene graphs, exactness is scored too.
        metric: also compute this one, `"cider_d"`.

    Returns:
        `bleu_1` to `bleu_4` (0 to 100), with scene graphs `scene_graph` and
        `scene_objects` (share of captions exactly right, in percent), and `cider_d`
        if asked for.
    """
    references = [list(e.captions) for e in collection]
    scores = bleu(captions, references)
    graphs = [e.extra.get("scene_graph") for e in collection]
    if all(graphs):
        pairs: list[tuple[str, Any]] = list(zip(captions, graphs, strict=True))
        scores["scene_graph"] = 100 * float(np.mean([graph_matches(*p) for p in pairs]))
        scores["scene_objects"] = 100 * float(
            np.mean([objects_match(*p) for p in pairs])
        )
    if metric == "cider_d":
        scores["cider_d"] = cider_d(captions, references)
    return scores
