"""Training steps on captions without images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_imgdesc.captioning import CaptionLoss, ImageCaptioner
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.captioner.unpaired import UnpairedCaptions


class UnpairedTraining:
    """Train a guided decoder on captions without images, between its other steps.

    Args:
        recipe: training settings.
        captioner: captioner whose decoder is trained.
        captions: captions without images.

    Raises:
        InputError: the decoder is not guided by concepts, or there are fewer captions
            with a noun than a batch has.
    """

    def __init__(
        self,
        recipe: CaptionRecipe,
        captioner: ImageCaptioner,
        captions: Sequence[str],
    ) -> None:
        detector = captioner.decoder.concept_detector
        self._captions = UnpairedCaptions(
            captions,
            captioner.tokenizer,
            detector.noun_token_ids,
            detector.num_concepts,
            batch_size=recipe.unpaired_batch_size,
            dropout=recipe.concept_dropout,
            max_wrong=recipe.wrong_concepts,
            seed=recipe.seed,
        )
        self._num_batches = recipe.unpaired_batches
        self._loss = CaptionLoss(recipe.label_smoothing)
        self._model = captioner.decoder.unpaired_model()

    def compile(self, optimizer: Any) -> None:
        """Set the optimizer, which the decoder's other training shares."""
        self._model.compile(optimizer, self._loss)

    def fit_step(self, step: int) -> dict[str, float]:
        """Train on the batches that follow one step on images.

        Args:
            step: number of the step in the complete run, from 0.

        Returns:
            Mean losses of the batches; each name begins with `unpaired_`.
        """
        first = step * self._num_batches
        rows = [
            self._model.train_on_batch(*self._captions.batch(number), return_dict=True)
            for number in range(first, first + self._num_batches)
        ]
        return {f"unpaired_{name}": value for name, value in mean_rows(rows).items()}


def mean_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the mean of each number over steps."""
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
