"""The steps of a matcher's training."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.matching.hard_choice import HardChoice
from keras_imgdesc.evaluation.matching.retrieval_metrics import RetrievalRecall
from keras_imgdesc.evaluation.matching.score_function import (
    MatchingMetric,
    score_function,
)
from keras_imgdesc.matching import ImageEmbeddings
from keras_imgdesc.matching.matching_graph import matching_model
from keras_imgdesc.text.word_swaps import WordSwaps
from keras_imgdesc.training.captioner.batches import Augmentation
from keras_imgdesc.training.inputs.images import (
    cached_features,
    read_pixels,
    without_failed,
)
from keras_imgdesc.training.matcher.batches import MatchingBatches
from keras_imgdesc.training.matcher.build import build_matcher, embed_captions
from keras_imgdesc.training.matcher.recipe import MatchingRecipe
from keras_imgdesc.training.optimizers.layerwise_adamw import LayerwiseAdamW
from keras_imgdesc.training.optimizers.moving_average import MovingAverage
from keras_imgdesc.training.optimizers.warm_up_cosine import WarmUpCosine
from keras_imgdesc.training.run import TrainingRun, check_finite
from keras_imgdesc.training.run_directory import numbered


class MatcherRun(TrainingRun):
    """One run of `train_matcher`, which says what it does.

    Args:
        recipe, run_dir, train, validation, progress: as there.
    """

    def __init__(
        self,
        recipe: MatchingRecipe,
        run_dir: Path,
        train: CaptionCollection,
        validation: CaptionCollection,
        progress: bool,
    ) -> None:
        super().__init__(recipe, run_dir, progress=progress)
        keras.utils.set_random_seed(recipe.seed)
        self.matcher = build_matcher(recipe, train)
        self.augmentation = Augmentation(
            recipe.flip, recipe.crop, recipe.colour, recipe.shrink
        )
        # `split` gives the part that is cached and the part that is trained.
        self.cached, self.trained = self.matcher.image_encoder.split()
        if (self.augmentation or recipe.views > 1) and (
            self.cached is None or recipe.views == 1 or not self.augmentation
        ):
            raise InputError(
                "Changed pictures are versions kept of what frozen layers give",
                "Freeze the first layers and set both views and flip, crop, colour or "
                "shrink, or none of them",
                views=recipe.views,
                flip=recipe.flip,
                crop=recipe.crop,
                colour=recipe.colour,
                shrink=recipe.shrink,
                trainable_from=self.matcher.image_encoder.trainable_from,
            )
        gather, train = self._gatherer(train, "train", recipe.views)
        self.validation = CaptionCollection(
            validation.examples[: recipe.validation_images]
        )
        text_encoder: Any = self.matcher.text_encoder
        texts = None
        if not text_encoder.trainable_variables:
            texts = embed_captions(text_encoder, train, self.directory.path / "texts")
            text_encoder = None
        teacher = None
        if recipe.teacher:
            from keras_imgdesc.text import BertTextEncoder

            bert = BertTextEncoder(recipe.teacher, recipe.sequence_length)
            folder = self.directory.path / "teacher"
            teacher = embed_captions(bert, train, folder)["sentence"]
        self.model = matching_model(
            self.trained, text_encoder, self.matcher, recipe.hard_negatives
        )
        self.metric: MatchingMetric = RetrievalRecall()
        if recipe.metric == "hard_choice":
            self.metric = HardChoice(WordSwaps(recipe.exchangeable))
        self.batches = MatchingBatches(
            recipe,
            train,
            gather,
            "feature_map" if self.trained is None else "image",
            self.matcher.text_encoder.tokenizer,
            texts,
            teacher,
        )
        if not self.batches.steps:
            raise InputError(
                "There must be enough pictures for a batch",
                "Use a smaller batch_size",
                batch_size=recipe.batch_size,
                pictures=len(train),
            )
        self._compile()
        self.average = MovingAverage(self.model, recipe.average_decay)

    @property
    def patience(self) -> int:
        return self.recipe.patience

    def evaluated_weights(self) -> AbstractContextManager[None]:
        return self.average.applied()

    def save(self, place: str) -> None:
        self.matcher.save_to_preset(
            self.directory.path / place, recipe=self.recipe.as_dict()
        )

    def variables(self) -> dict[str, Any]:
        return numbered(
            w=self.model.weights,
            o=self.model.optimizer.variables,
            a=self.average.variables,
        )

    def _gatherer(
        self, collection: CaptionCollection, name: str, views: int = 1
    ) -> tuple[Any, CaptionCollection]:
        size = self.matcher.image_encoder.image_size
        if self.cached is None:
            pixels, failed = read_pixels(collection, size)
            return lambda rows: pixels[rows], without_failed(collection, failed)
        cache, collection = cached_features(
            self.cached,
            collection,
            self.directory.path / "features" / name,
            views=views,
            augmentation=self.augmentation,
            image_size=size,
            seed=self.recipe.seed,
            progress=self.progress,
        )
        return cache.gather, collection

    def _compile(self) -> None:
        recipe = self.recipe
        steps = self.batches.steps * recipe.epochs
        warm_up = min(recipe.warm_up_steps, steps // 5)
        optimizer = LayerwiseAdamW(
            WarmUpCosine(recipe.learning_rate, warm_up, steps, 0.01),
            weight_decay=recipe.weight_decay,
            global_clipnorm=recipe.clip_norm,
            slow=[
                *self.matcher.image_encoder.trainable_variables,
                *(
                    self.matcher.text_encoder.trainable_variables
                    if recipe.text_encoder == "bert"
                    else []
                ),
            ],
            factor=recipe.encoder_learning_rate,
        )
        optimizer.exclude_from_weight_decay(
            var_names=["bias", "gamma", "beta", "scale", "position", "sharpness"]
        )
        self.model.compile(
            optimizer,
            recipe.distillation_weight * bool(recipe.teacher),
            jit_compile=recipe.jit_compile or None,
        )
        optimizer.build(self.model.trainable_variables)

    def fit_epoch(self, epoch: int) -> dict[str, Any]:
        self.model.reset_metrics()
        bar = self.steps(self.batches.epoch(epoch), epoch, self.batches.steps)
        logs: dict[str, float] = {}
        for step, (inputs, targets) in enumerate(bar):
            logs = self.model.train_on_batch(inputs, targets, return_dict=True)
            self.average.on_train_batch_end(step)
            check_finite(logs, epoch, step)
        return {name: float(value) for name, value in logs.items()}

    def validate(self, epoch: int) -> dict[str, Any]:
        score = score_function(self.matcher, self._validation_images())
        scores = self.metric.compute(score, self.validation)
        return scores | {"score": scores[self.recipe.metric]}

    def _validation_images(self) -> ImageEmbeddings:
        if not hasattr(self, "_validation_gather"):
            self._validation_gather, self.validation = self._gatherer(
                self.validation, "validation"
            )
        parts = []
        for start in range(0, len(self.validation), 50):
            stop = min(start + 50, len(self.validation))
            inputs = self._validation_gather(np.arange(start, stop))
            if self.trained is not None:
                inputs = self.trained.predict_on_batch(inputs)
            parts.append(
                self.matcher.image_tower.predict_on_batch({"feature_map": inputs})
            )
        return ImageEmbeddings(
            np.concatenate([p["vector"] for p in parts]),
            np.concatenate([p["regions"] for p in parts]),
        )
