"""Batches of images, sentences and noise, which depend on the seed only."""

from collections.abc import Iterator

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.learning.batches import draw_randomness, take_sentences
from keras_imgdesc.painting.learning.wrong_texts import WrongTexts
from keras_imgdesc.text.right_texts import RightTexts
from keras_imgdesc.training.inputs.caption_counts import caption_counts
from keras_imgdesc.training.painter.recipe import PainterRecipe
from keras_imgdesc.training.painter.texts import PainterTexts


def steps_per_epoch(recipe: PainterRecipe, images: int, captions: int) -> int:
    """Return the number of batches in an epoch.

    Args:
        recipe: `GanRecipe` or `VaeRecipe`.
        images, captions: how many there are.
    """
    drawn = captions if recipe.balance == "caption" else images
    steps = drawn // recipe.batch_size
    return min(steps, recipe.steps_per_epoch or steps)


class PainterBatches:
    """Batches for a `ConditionalGAN` or a `ConditionalVAE`.

    A batch is a pure function of seed, epoch and step.

    Args:
        recipe: `GanRecipe` or `VaeRecipe`.
        collection: images with captions.
        images: uint8 (images, resolution, resolution, 3), the images of the collection.
        texts: the embedded captions of the collection.
        latent_dim: width of the noise.

    Raises:
        InputError: batches are to be balanced by class, and an image has none.
    """

    def __init__(
        self,
        recipe: PainterRecipe,
        collection: CaptionCollection,
        images: np.ndarray,
        texts: PainterTexts,
        latent_dim: int,
    ) -> None:
        self.recipe, self.images, self.texts = recipe, images, texts
        self.latent_dim = latent_dim
        counts = caption_counts(collection)
        self.counts, self.first = counts, np.cumsum(counts) - counts
        self.image_of = np.repeat(np.arange(len(counts)), counts)
        labels = [e.extra.get(recipe.class_key) for e in collection]
        self.labels: np.ndarray | None = None
        if None not in labels:
            names = {label: i for i, label in enumerate(sorted(set(labels), key=str))}
            self.labels = np.array([names[label] for label in labels])
            self.members = [np.flatnonzero(self.labels == i) for i in range(len(names))]
        elif recipe.balance == "class":
            raise InputError(
                "Balance by class needs the class of each image",
                "Set balance to 'image' or 'caption', or class_key to the class",
                class_key=recipe.class_key,
            )
        number, text = texts.text_id, texts.of_caption
        self.is_right = RightTexts(self.image_of, number[text])
        captions = number[: text.max(initial=-1) + 1]
        self.wrong = WrongTexts(self.image_of, text, captions, self.labels)
        hard = texts.mismatches[text]  # (captions, n)
        hard[self.is_right.pairs(self.image_of[:, None], number[hard])] = -1
        wrong_first = np.argsort(hard < 0, axis=1, kind="stable")
        self.hard = np.take_along_axis(hard, wrong_first, axis=1)

    @property
    def steps(self) -> int:
        """Steps per epoch; the images that remain are part of other epochs."""
        return steps_per_epoch(self.recipe, len(self.counts), len(self.image_of))

    def epoch(self, epoch: int) -> Iterator[dict[str, np.ndarray]]:
        """Yield the batches of an epoch, counted from 0."""
        recipe = self.recipe
        generator = np.random.default_rng([recipe.seed, epoch])
        total = self.steps * recipe.batch_size
        if recipe.balance == "caption":
            captions = generator.permutation(len(self.image_of))[:total]
        else:
            if recipe.balance == "class":
                rows = self._by_class(total, generator)
            else:
                rows = generator.permutation(len(self.counts))[:total]
            drawn = generator.integers(1 << 31, size=total) % self.counts[rows]
            captions = self.first[rows] + drawn
        for step in range(self.steps):
            part = slice(step * recipe.batch_size, (step + 1) * recipe.batch_size)
            own = np.random.default_rng([recipe.seed, epoch, step])
            yield self._batch(captions[part], own)

    def _by_class(self, total: int, generator: np.random.Generator) -> np.ndarray:
        """Draw images so that the classes take turns, in another order each round."""
        rounds = -(-total // len(self.members))
        classes = np.concatenate(
            [generator.permutation(len(self.members)) for _ in range(rounds)]
        )[:total]
        drawn = generator.integers(1 << 31, size=total)
        return np.array(
            [self.members[c][d % len(self.members[c])] for c, d in zip(classes, drawn)]
        )

    def _batch(
        self, captions: np.ndarray, generator: np.random.Generator
    ) -> dict[str, np.ndarray]:
        rows = self.image_of[captions]
        text = self.texts.of_caption[captions]
        count = len(captions)
        mismatched = [self.wrong(rows, text, generator)]
        if self.hard.shape[1]:
            options = self.hard[captions]
            hard = options[
                np.arange(count), generator.integers(options.shape[1], size=count)
            ]
            hard = np.where(hard < 0, options[:, 0], hard)
            # A caption may have no phrase that can be exchanged.
            mismatched.append(np.where(hard < 0, mismatched[0], hard))
        sentences = self.texts.sentences
        batch = {
            "image": self.images[rows],
            "sentence": sentences[text],
            "mismatched": np.stack(
                [take_sentences(sentences, t) for t in mismatched], axis=1
            ),
            "is_right": self.is_right(rows, self.texts.text_id[text]),
            **draw_randomness(count, self.latent_dim, generator),
        }
        if self.texts.words is not None:
            batch["words"] = self.texts.words[text].astype(np.float32)
        if self.texts.token_ids is not None:
            ids = self.texts.token_ids
            batch["token_ids"] = ids[text].astype(np.int32)
            if len(mismatched) > 1:
                hard_ids = np.where(mismatched[1][:, None] < 0, 0, ids[mismatched[1]])
                batch["mismatched_ids"] = hard_ids.astype(np.int32)
        return batch
