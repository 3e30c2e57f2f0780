"""Batches of images and texts, in an order determined by the seed."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.text.right_texts import RightTexts, number_texts
from keras_imgdesc.text.standardization import standardize_list
from keras_imgdesc.text.word_swaps import WordSwaps
from keras_imgdesc.training.inputs.caption_counts import caption_counts
from keras_imgdesc.training.matcher.recipe import MatchingRecipe


class MatchingBatches:
    """The training batches of a matcher.

    Args:
        recipe: training settings.
        collection: images with captions.
        gather: function from row numbers to an array `(rows, ...)`; each image has
            `recipe.views` consecutive rows.
        image_input: model input for that array, `"image"` or `"feature_map"`.
        tokenizer: maps captions to token ids; not used if `texts` are given.
        texts: embeddings of all captions, by input name, in the order of
            `collection.captions()`, or `None` for token ids.
        teacher: the teacher's embeddings, float `(captions, width)`, in the same
            order, or `None`.
    """

    def __init__(
        self,
        recipe: MatchingRecipe,
        collection: CaptionCollection,
        gather: Callable[[np.ndarray], np.ndarray],
        image_input: str,
        tokenizer: Any,
        texts: dict[str, np.ndarray] | None = None,
        teacher: np.ndarray | None = None,
    ) -> None:
        self.recipe, self.gather, self.image_input = recipe, gather, image_input
        self.tokenizer, self.teacher = tokenizer, teacher
        counts = caption_counts(collection)
        self.first = np.cumsum(counts) - counts
        self.counts = counts
        if texts is None:
            texts = {"token_ids": np.asarray(tokenizer(collection.captions()))}
        self.texts = texts
        self.text_id = number_texts(collection.captions())
        self.owner = np.repeat(np.arange(len(counts)), counts)
        self.is_right = RightTexts(self.owner, self.text_id)
        self.captions: list[str] = []
        self._negatives: dict[int, list[np.ndarray]] = {}
        if recipe.hard_negatives:
            self.captions = standardize_list(collection.captions())
            self.swaps = WordSwaps(recipe.exchangeable)
            self._pairs = {pair for text in self.captions for pair in _pairs(text)}

    @property
    def steps(self) -> int:
        """Number of batches per epoch; an incomplete last batch is dropped."""
        return len(self.counts) // self.recipe.batch_size

    def epoch(self, epoch: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Yield the batches of an epoch: inputs and targets of a `MatchingModel`."""
        recipe = self.recipe
        generator = np.random.default_rng([recipe.seed, epoch])
        order = generator.permutation(len(self.counts))
        for step in range(self.steps):
            rows = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
            yield self._batch(rows, generator)

    def _batch(self, rows: np.ndarray, generator: np.random.Generator) -> Any:
        recipe = self.recipe
        positions = rows
        if recipe.views > 1:
            drawn = generator.integers(recipe.views, size=len(rows))
            positions = recipe.views * rows + drawn
        inputs: dict[str, Any] = {self.image_input: self.gather(positions)}
        chosen = np.concatenate([self._draw(row, generator) for row in rows])
        for name, values in self.texts.items():
            inputs[name] = values[chosen]
        if recipe.word_dropout:
            inputs["token_ids"] = self._with_unknown(inputs["token_ids"], generator)
        if recipe.hard_negatives:
            inputs["negative_ids"] = self._draw_negatives(
                chosen[:: recipe.captions_per_image], generator
            )
        targets = {
            "owner": np.repeat(
                np.arange(len(rows), dtype="int32"), recipe.captions_per_image
            ),
            "image_id": np.arange(len(rows), dtype="int32"),
            "text_id": self.text_id[chosen],
            "is_right": self.is_right(rows, self.text_id[chosen]),
        }
        if self.teacher is not None:
            targets["teacher"] = self.teacher[chosen]
        return inputs, targets

    def _draw(self, row: int, generator: np.random.Generator) -> np.ndarray:
        """Draw captions of an image; one with too few repeats some."""
        count = self.counts[row]
        order = generator.permutation(max(count, self.recipe.captions_per_image))
        return self.first[row] + order[: self.recipe.captions_per_image] % count

    def _with_unknown(
        self, token_ids: np.ndarray, generator: np.random.Generator
    ) -> np.ndarray:
        vocabulary = self.tokenizer.vocabulary
        is_word = token_ids > max(
            vocabulary.pad_id, vocabulary.start_id, vocabulary.end_id
        )
        is_dropped = generator.random(token_ids.shape) < self.recipe.word_dropout
        return np.where(is_word & is_dropped, vocabulary.unk_id, token_ids)

    def _draw_negatives(
        self, chosen: np.ndarray, generator: np.random.Generator
    ) -> np.ndarray:
        """Return token ids of hard negatives, `(images, hard_negatives, words)`."""
        self._tokenize_negatives([c for c in chosen if c not in self._negatives])
        length = self.texts["token_ids"].shape[1]
        out = np.zeros((len(chosen), self.recipe.hard_negatives, length), np.int32)
        for row, caption in enumerate(chosen):
            lists = [several for several in self._negatives[caption] if len(several)]
            # Without a phrase to exchange: a text of padding, which fits no image.
            for place in range(out.shape[1] if lists else 0):
                several = lists[place % len(lists)]
                out[row, place] = several[generator.integers(len(several))]
        return out

    def _tokenize_negatives(self, captions: list[int]) -> None:
        """Make two lists per caption: with a phrase replaced, and with two exchanged.

        Half of the negatives are drawn from the second list, which is shorter and
        harder: they have the right words in the wrong places. Negatives with a word
        pair that occurs in no caption are dropped: they could be recognized without
        the image, and would teach that unseen combinations are wrong. So are captions
        of the same image: they are right.
        """
        lists = []
        for caption in captions:
            text = self.captions[caption]
            first = self.first[self.owner[caption]]
            own = set(self.captions[first : first + self.counts[self.owner[caption]]])
            for wrong in (self.swaps.replaced(text), self.swaps.exchanged(text)):
                kept = [w for w in wrong if self._pairs.issuperset(_pairs(w))]
                lists.append([w for w in kept if w not in own])
        flat = [wrong for several in lists for wrong in several]
        if not flat:
            self._negatives |= {caption: [] for caption in captions}
            return
        ids = np.asarray(self.tokenizer(flat)).astype(np.uint16)
        ends = np.cumsum([len(several) for several in lists])
        parts = np.split(ids, ends[:-1])
        for number, caption in enumerate(captions):
            self._negatives[caption] = parts[2 * number : 2 * number + 2]


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the pairs of adjacent words."""
    words = text.split()
    return list(zip(words, words[1:]))
