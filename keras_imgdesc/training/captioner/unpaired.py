"""Captions without images, with nouns that stand for what would be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.text.cut_texts import warn_of_cut
from keras_imgdesc.training.captioner.batches import group_by_length


class UnpairedCaptions:
    """Batches of captions whose concepts are simulated from their own nouns.

    The nouns of a caption stand for what a classifier would see in its image. As a
    classifier errs, some are dropped and wrong ones are added. The probability of a
    noun of the caption is drawn from [0.1, 1], that of a wrong one from [0.05, 0.5].

    Args:
        captions: raw captions. One that the tokenizer cuts has no end token.
        tokenizer: the captioner's.
        noun_token_ids: token ids of the nouns that the decoder's detector knows.
        num_concepts: number of concepts per caption.
        batch_size: captions per batch.
        dropout: probability that a noun of the caption is not seen, in [0, 1].
        max_wrong: largest number of wrong nouns that are added.
        seed: determines order and noise.

    Raises:
        InputError: there are fewer captions with a noun than a batch has.

    Reference:
        Feng et al., "Unsupervised Image Captioning",
        https://arxiv.org/abs/1811.10787
    """

    def __init__(
        self,
        captions: Sequence[str],
        tokenizer: CaptionTokenizer,
        noun_token_ids: Sequence[int],
        num_concepts: int,
        *,
        batch_size: int,
        dropout: float = 0.25,
        max_wrong: int = 2,
        seed: int = 0,
    ) -> None:
        token_ids = np.asarray(tokenizer(list(captions), end_cut=False), np.int32)
        nouns = _singular_nouns(tokenizer.vocabulary, noun_token_ids)[token_ids]
        has_noun = nouns.any(axis=1)
        # A caption that is mostly unknown words teaches nothing.
        known = (token_ids == tokenizer.vocabulary.unk_id).sum(axis=1) <= 2
        kept = has_noun & known
        self.token_ids = token_ids[kept]
        trained = [text for text, is_kept in zip(captions, kept) if is_kept]
        warn_of_cut(tokenizer, trained, "unpaired captions")
        self.nouns = _first_of_each(nouns[kept])
        self.num_captions = len(self.token_ids)
        if self.num_captions < batch_size:
            raise InputError(
                "There must be a batch of unpaired captions with nouns that the "
                "detector knows",
                "Give more captions, or use a smaller unpaired_batch_size",
                captions=len(captions),
                with_nouns=self.num_captions,
                batch_size=batch_size,
            )
        self.batch_size, self.num_concepts = batch_size, num_concepts
        self.dropout, self.max_wrong, self.seed = dropout, max_wrong, seed
        # Wrong nouns are as frequent as they are in captions.
        self._pool = self.nouns[self.nouns > 0]
        self._pass: tuple[int, np.ndarray] | None = None

    def batch(self, step: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """Return one batch; the batches of a pass have no caption twice.

        Args:
            step: number of the step in the complete run, from 0.

        Returns:
            `(inputs, token_ids, sample_weight)` for the model of
            `Decoder.unpaired_model`.
        """
        per_pass = self.num_captions // self.batch_size
        turn, place = divmod(step, per_pass)
        chosen = self._batches(turn)[place]
        ids = self.token_ids[chosen]
        ids = ids[:, : np.flatnonzero(ids.any(axis=0))[-1] + 1]
        generator = np.random.default_rng([self.seed, 2, step])
        concept_ids, weights = self._see(self.nouns[chosen], generator)
        inputs: dict[str, Any] = {
            "concept_ids": concept_ids,
            "concept_weights": weights,
            "token_ids": ids[:, :-1],
        }
        return inputs, ids[:, 1:], (ids[:, 1:] != 0).astype(np.float32)

    def _batches(self, turn: int) -> np.ndarray:
        """Return the rows of the batches of a pass, int (batches, batch_size)."""
        if self._pass is None or self._pass[0] != turn:
            generator = np.random.default_rng([self.seed, 1, turn])
            order = generator.permutation(self.num_captions)
            lengths = (self.token_ids != 0).sum(axis=1)
            rows = group_by_length(order, lengths, self.batch_size, generator)
            self._pass = turn, rows
        return self._pass[1]

    def _see(
        self, nouns: np.ndarray, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return concepts and probabilities, the most probable first."""
        count = len(nouns)
        is_seen = (nouns > 0) & (generator.random(nouns.shape) >= self.dropout)
        weights = np.where(is_seen, generator.uniform(0.1, 1.0, nouns.shape), 0.0)
        wrong = generator.choice(self._pool, (count, self.max_wrong))
        number = generator.integers(self.max_wrong + 1, size=(count, 1))
        is_wrong = np.arange(self.max_wrong) < number
        # A noun of the caption is not wrong, even if it was dropped.
        is_wrong &= ~(wrong[:, :, None] == nouns[:, None, :]).any(axis=2)
        others = np.where(is_wrong, generator.uniform(0.05, 0.5, wrong.shape), 0.0)
        ids = np.concatenate([nouns, wrong], axis=1)
        weights = np.concatenate([weights, others], axis=1)
        missing = self.num_concepts - ids.shape[1]
        if missing > 0:
            ids = np.pad(ids, ((0, 0), (0, missing)))
            weights = np.pad(weights, ((0, 0), (0, missing)))
        best = np.argsort(-weights, axis=1, kind="stable")[:, : self.num_concepts]
        return (
            np.take_along_axis(ids, best, axis=1).astype(np.int32),
            np.take_along_axis(weights, best, axis=1).astype(np.float32),
        )


def _singular_nouns(
    vocabulary: Vocabulary, noun_token_ids: Sequence[int]
) -> np.ndarray:
    """Return for each token the id of the noun it is a form of, or 0; int32 (size,)."""
    found = np.zeros(len(vocabulary), np.int32)
    for token_id in noun_token_ids:
        noun = vocabulary.tokens[token_id]
        forms = [noun, f"{noun}s", f"{noun}es"]
        if noun.endswith("y"):
            forms.append(f"{noun[:-1]}ies")
        for form in forms:
            number = vocabulary.id_of(form)
            if number != vocabulary.unk_id and not found[number]:
                found[number] = token_id
    # A noun is itself, even if it looks like the plural of another one.
    found[list(noun_token_ids)] = noun_token_ids
    return found


def _first_of_each(nouns: np.ndarray, width: int = 6) -> np.ndarray:
    """Return the different nouns of each row, 0 where there are fewer than `width`."""
    rows = np.zeros((len(nouns), width), np.int32)
    for row, values in zip(rows, nouns, strict=True):
        unique = list(dict.fromkeys(values[values > 0].tolist()))[:width]
        row[: len(unique)] = unique
    return rows
