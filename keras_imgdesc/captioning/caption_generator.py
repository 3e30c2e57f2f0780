"""Captions for streams of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from keras import ops

from keras_imgdesc.backend import compile_function
from keras_imgdesc.caption import Caption
from keras_imgdesc.captioning.captioner_graph import CaptionerGraph
from keras_imgdesc.captioning.search.constraints import Constraints
from keras_imgdesc.captioning.search.decoding import SearchResult
from keras_imgdesc.captioning.search.reranking import Reranker
from keras_imgdesc.captioning.search.sampling import draw_noise
from keras_imgdesc.captioning.search.settings import GenerationSettings
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images.damage import damage_of
from keras_imgdesc.images.reading import batches_ahead

Source = TypeVar("Source")


class CaptionGenerator:
    """Caption streams of images with compiled functions.

    A function is compiled once per kind of search. Every batch is padded to the same
    size, so that no function is traced again for a smaller one.

    Args:
        captioner: source of encoder, decoder and tokenizer.
    """

    def __init__(self, captioner: CaptionerGraph) -> None:
        self._captioner = captioner
        self._functions: dict[tuple[Any, ...], Callable[..., SearchResult]] = {}

    def stream(
        self,
        sources: Iterable[Source],
        settings: GenerationSettings,
        return_attention: bool = False,
        batch_size: int = 32,
        reranker: Reranker | None = None,
        constraints: Constraints | None = None,
        on_damaged: str = "warn",
    ) -> Iterator[tuple[Source, Caption | ImageError]]:
        """Caption images in order; see `ImageCaptioner.generate_stream`."""
        settings = settings.with_seed()
        if reranker is not None and settings.is_sampling:
            raise InputError(
                "A matcher reranks the beams of a search, and sampling has none",
                "Omit temperature, top_k, top_p and seed, or omit rerank",
            )
        size = self._captioner.image_encoder.image_size
        position = 0
        ahead = batches_ahead(sources, size, batch_size, on_damaged=on_damaged)  # type: ignore[type-var]
        with closing(ahead) as batches:  # type: ignore[type-var]
            for batch in batches:
                readable = {
                    position + i: image
                    for i, (_, image) in enumerate(batch)
                    if isinstance(image, np.ndarray)
                }
                captions = (
                    self.describe(
                        np.stack(list(readable.values())),
                        settings,
                        return_attention,
                        batch_size,
                        list(readable),
                        reranker,
                        constraints,
                    )
                    if readable
                    else []
                )
                captioned = dict(zip(readable, captions, strict=True))
                for index, (source, image) in enumerate(batch, start=position):
                    if isinstance(image, ImageError):
                        yield source, image
                    elif damage_of(image):
                        yield source, replace(captioned[index], damaged=True)
                    else:
                        yield source, captioned[index]
                position += len(batch)

    def describe(
        self,
        images: np.ndarray,
        settings: GenerationSettings,
        return_attention: bool,
        batch_size: int,
        indices: list[int],
        reranker: Reranker | None = None,
        constraints: Constraints | None = None,
    ) -> list[Caption]:
        """Caption one batch.

        Args:
            images: uint8 (up to batch_size, image_size, image_size, 3).
            settings: settings of the search or of sampling.
            return_attention: whether captions have attention maps.
            batch_size: number of images that the batch is padded to.
            indices: index of each image in the whole input; a sampled caption is a
                function of it and the seed.
            reranker: chooses among the beams; None takes the best of the search.
            constraints: tokens of `settings` that captions begin with, contain or lack.
        """
        count = len(images)
        blank = np.zeros((batch_size - count, *images.shape[1:]), images.dtype)
        batch = np.concatenate([images, blank])
        run = self._function(settings, return_attention, constraints)
        # Without constraints, the function compiles as if there were none.
        obeyed = [] if constraints is None else [constraints]
        if settings.is_sampling:
            assert settings.seed is not None
            padded = [*indices, *[0] * len(blank)]
            noise = draw_noise(settings.seed, padded, 1, settings.max_length)
            temperature, top_k, top_p = settings.sampling_values
            found = run(
                batch,
                noise,
                np.float32(temperature),
                np.int32(top_k),
                np.float32(top_p),
                *obeyed,
            )
        else:
            found = run(batch, np.float32(settings.length_penalty), *obeyed)
        chosen = np.zeros(count, int)
        if reranker is not None:
            chosen = self._choose(reranker, images, found)
        return self._captions(found, chosen)

    def _choose(
        self, reranker: Reranker, images: np.ndarray, found: SearchResult
    ) -> np.ndarray:
        """Return the index of the chosen beam of each image, int (images,)."""
        count = len(images)
        token_ids = ops.convert_to_numpy(found.token_ids)[:count]
        beams = token_ids.shape[1]
        texts = self._captioner.tokenizer.detokenize(
            token_ids.reshape(count * beams, -1)
        )
        rows = [texts[i * beams : (i + 1) * beams] for i in range(count)]
        scores = ops.convert_to_numpy(found.scores)[:count]
        return reranker.choose(images, rows, scores)

    def _function(
        self,
        settings: GenerationSettings,
        return_attention: bool,
        constraints: Constraints | None,
    ) -> Callable[..., SearchResult]:
        # Which tokens are constrained is an input; how many are required is not.
        required = None if constraints is None else constraints.num_required
        use_concepts = settings.use_concepts is not False
        key: tuple[Any, ...] = ("sample", return_attention, required, use_concepts)
        if not settings.is_sampling:
            beams, length = settings.num_beams, settings.max_length
            key = ("search", beams, length, *key[1:])
        if key not in self._functions:
            captioner = self._captioner

            def search(
                images: Any, length_penalty: Any, constraints: Any = None
            ) -> SearchResult:
                return captioner.find_captions(
                    images,
                    num_beams=settings.num_beams,
                    max_length=settings.max_length,
                    length_penalty=length_penalty,
                    return_attention=return_attention,
                    constraints=constraints,
                    use_concepts=use_concepts,
                )

            def draw(
                images: Any,
                noise: Any,
                temperature: Any,
                top_k: Any,
                top_p: Any,
                constraints: Any = None,
            ) -> SearchResult:
                return captioner.draw_captions(
                    images,
                    noise,
                    temperature=temperature,
                    top_k=top_k,
                    top_p=top_p,
                    return_attention=return_attention,
                    constraints=constraints,
                    use_concepts=use_concepts,
                )

            function = draw if settings.is_sampling else search
            self._functions[key] = compile_function(captioner, function)
        return self._functions[key]

    def _captions(self, found: SearchResult, chosen: np.ndarray) -> list[Caption]:
        def best(x: Any) -> np.ndarray:
            array: np.ndarray = ops.convert_to_numpy(x)
            return array[np.arange(len(chosen)), chosen]

        token_ids, log_probs = best(found.token_ids), best(found.log_probs)
        totals, lengths = best(found.totals), best(found.lengths)
        attention = None if found.attention is None else best(found.attention)
        texts = self._captioner.tokenizer.detokenize(token_ids)
        rows, columns, _ = self._captioner.decoder.feature_map_shape
        captions = []
        for i, text in enumerate(texts):
            n = int(lengths[i])
            maps = None
            if attention is not None:
                maps = attention[i, :n].reshape(n, rows, columns).copy()
            captions.append(
                Caption(
                    text,
                    float(totals[i]),
                    token_ids[i, :n].copy(),
                    log_probs[i, :n].copy(),
                    maps,
                    self._captioner.tokenizer.split,
                )
            )
        return captions
