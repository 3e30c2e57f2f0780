"""Batches of pictures, sentences and chance, that nothing but the seed decides."""

from collections.abc import Iterator

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.learning.batches import draw_randomness, mismatched_rows
from keras_imgdesc.training.painter.recipe import PainterRecipe
from keras_imgdesc.training.painter.texts import PainterTexts


def steps_per_epoch(recipe: PainterRecipe, pictures: int, captions: int) -> int:
    """How many batches an epoch has; 0 where there is too little for one."""
    drawn = captions if recipe.balance == "caption" else pictures
    steps = drawn // recipe.batch_size
    return min(steps, recipe.steps_per_epoch or steps)


class PainterBatches:
    """What a `ConditionalGAN` or `ConditionalVAE` is trained on.

    A batch is a pure function of seed, epoch and step.

    Args:
        recipe: its settings.
        collection: pictures with captions.
        images: uint8 (pictures, resolution, resolution, 3), of the same pictures.
        texts: of the same captions.
        latent_dim: width of the noise.
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
        counts = np.array([len(e.captions) for e in collection])
        self.counts, self.first = counts, np.cumsum(counts) - counts
        self.picture = np.repeat(np.arange(len(counts)), counts)
        labels = [e.extra.get(recipe.class_key) for e in collection]
        self.labels: np.ndarray | None = None
        if None not in labels:
            names = {label: i for i, label in enumerate(sorted(set(labels), key=str))}
            self.labels = np.array([names[label] for label in labels])
            self.members = [np.flatnonzero(self.labels == i) for i in range(len(names))]
        elif recipe.balance == "class":
            raise InputError(
                "Balance by class needs the class of each picture",
                "Balance by 'picture' or 'caption'",
                class_key=recipe.class_key,
            )

    @property
    def steps(self) -> int:
        """Steps an epoch; what is left over is in another epoch's."""
        return steps_per_epoch(self.recipe, len(self.counts), len(self.picture))

    def epoch(self, epoch: int) -> Iterator[dict[str, np.ndarray]]:
        """The batches of an epoch."""
        recipe = self.recipe
        generator = np.random.default_rng([recipe.seed, epoch])
        total = self.steps * recipe.batch_size
        if recipe.balance == "caption":
            captions = generator.permutation(len(self.picture))[:total]
        else:
            if recipe.balance == "class":
                pictures = self._by_class(total, generator)
            else:
                pictures = generator.permutation(len(self.counts))[:total]
            drawn = generator.integers(1 << 31, size=total) % self.counts[pictures]
            captions = self.first[pictures] + drawn
        for step in range(self.steps):
            rows = slice(step * recipe.batch_size, (step + 1) * recipe.batch_size)
            chance = np.random.default_rng([recipe.seed, epoch, step])
            yield self._batch(captions[rows], chance)

    def _by_class(self, total: int, generator: np.random.Generator) -> np.ndarray:
        """Classes in turn, in an order of their own each round."""
        rounds = -(-total // len(self.members))
        classes = np.concatenate(
            [generator.permutation(len(self.members)) for _ in range(rounds)]
        )[:total]
        drawn = generator.integers(1 << 31, size=total)
        return np.array(
            [self.members[c][d % len(self.members[c])] for c, d in zip(classes, drawn)]
        )

    def _batch(
        self, captions: np.ndarray, chance: np.random.Generator
    ) -> dict[str, np.ndarray]:
        pictures = self.picture[captions]
        text = self.texts.of_caption[captions]
        count = len(captions)
        kind = text if self.labels is None else self.labels[pictures]
        wrong = [text[mismatched_rows(kind)]]
        if self.texts.mismatches.shape[1]:
            options = self.texts.mismatches[text]
            hard = options[
                np.arange(count), chance.integers(options.shape[1], size=count)
            ]
            hard = np.where(hard < 0, options[:, 0], hard)
            # A caption without a word that can be exchanged.
            wrong.append(np.where(hard < 0, wrong[0], hard))
        sentences = self.texts.sentences
        batch = {
            "image": self.images[pictures],
            "sentence": sentences[text],
            "mismatched": np.stack([sentences[w] for w in wrong], axis=1),
            "text_id": text.astype(np.int32),
            **draw_randomness(count, self.latent_dim, chance),
        }
        if self.texts.words is not None:
            batch["words"] = self.texts.words[text].astype(np.float32)
        if self.texts.token_ids is not None:
            ids = self.texts.token_ids
            batch["token_ids"] = ids[text].astype(np.int32)
            if len(wrong) > 1:
                batch["mismatched_ids"] = ids[wrong[1]].astype(np.int32)
        return batch
