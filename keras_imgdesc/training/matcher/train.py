"""Train a matcher."""

from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_imgdesc.backend import training_operations
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.matching.hard_choice import HardChoice
from keras_imgdesc.evaluation.matching.retrieval_metrics import RetrievalRecall
from keras_imgdesc.evaluation.matching.score_function import (
    MatchingMetric,
    score_function,
)
from keras_imgdesc.matching import ImageEmbeddings, ImageTextMatcher
from keras_imgdesc.matching.matching_graph import matching_model
from keras_imgdesc.text import TEXT_ENCODERS
from keras_imgdesc.text.cut_texts import warn_of_cut
from keras_imgdesc.text.word_swaps import WordSwaps
from keras_imgdesc.training.inputs.augmentation import Augmentation
from keras_imgdesc.training.inputs.held_out import training_images
from keras_imgdesc.training.inputs.images import (
    Gather,
    feature_maps,
    read_inputs,
)
from keras_imgdesc.training.inputs.parts import name_of, used_encoder
from keras_imgdesc.training.matcher.batches import MatchingBatches
from keras_imgdesc.training.matcher.build import build_matcher, embed_captions
from keras_imgdesc.training.matcher.recipe import MatchingRecipe
from keras_imgdesc.training.optimizers.build import build_adamw, build_schedule
from keras_imgdesc.training.optimizers.moving_average import MovingAverage
from keras_imgdesc.training.run import TrainingRun, check_finite
from keras_imgdesc.training.unused_settings import recorded_recipe


def train_matcher(
    recipe: MatchingRecipe,
    run_dir: str | Path,
    train: CaptionCollection,
    validation: CaptionCollection,
    *,
    progress: bool = True,
) -> ImageTextMatcher:
    """Train a matcher as a recipe specifies.

    The outputs of the image encoder's frozen layers, and of a frozen text encoder, are
    computed once, into the run directory, and training reads them, so batches can be
    large.

    After each epoch validation images are scored, the state is committed, and the best
    matcher so far is saved as a preset. Running the same command again resumes after
    the last committed epoch; on the same machine it is meant to end in the same
    weights. Unreadable images are skipped with a warning.

    Args:
        recipe: training settings.
        run_dir: directory for `recipe.json`, `metrics.csv`, `logs/` for TensorBoard,
            the checkpoint, and `preset/`, the best matcher.
        train, validation: images with captions. Images to validate on are not trained
            on, even if they are in both.
        progress: whether to show progress.

    Returns:
        The matcher of the best epoch.

    Raises:
        InputError: there are no images, the run directory belongs to another recipe or
            other data, or a loss is not finite.
    """
    train = training_images(train, validation)
    with training_operations(recipe.precision):
        MatcherRun(recipe, run_dir, train, validation, progress=progress).train()
    return ImageTextMatcher.from_preset(str(Path(run_dir) / "preset"))


class MatcherRun(TrainingRun):
    """The run of `train_matcher`.

    Args:
        recipe, run_dir, train, validation, progress: see `train_matcher`.
    """

    average: MovingAverage
    ties = (
        ("text_to_image_median_rank", False),
        ("image_to_text_median_rank", False),
        ("loss", False),
    )

    def __init__(
        self,
        recipe: MatchingRecipe,
        run_dir: str | Path,
        train: CaptionCollection,
        validation: CaptionCollection,
        *,
        progress: bool = True,
    ) -> None:
        super().__init__(recipe, run_dir, progress=progress)
        train, validation = self.data.match(train=train, validation=validation).values()
        keras.utils.set_random_seed(recipe.seed)
        self.matcher = build_matcher(recipe, train)
        self.data.match_words(vocabulary=self.matcher.vocabulary.tokens)
        self._refuse_unused_settings()
        warn_of_cut(
            self.matcher.text_encoder.tokenizer,
            train.captions(),
            "training texts",
            "the text encoder of text_encoder_from keeps its sequence_length"
            if recipe.text_encoder_from
            else "a larger sequence_length keeps them whole",
        )
        self.augmentation = Augmentation(
            recipe.flip, recipe.crop, recipe.colour, recipe.shrink
        )
        # The part of the encoder whose output is cached, and the part that is trained.
        self.frozen, self.trained = self.matcher.image_encoder.split()
        self._check_views()
        gather, train = self._read(train, "train", recipe.views)
        self._unread = CaptionCollection(
            validation.examples[: recipe.validation_images]
        )
        text_encoder: Any = self.matcher.text_encoder
        texts = None
        if not text_encoder.trainable_variables:
            texts = self._embed(text_encoder, train, "texts")
            text_encoder = None
        teacher = None
        if recipe.teacher:
            from keras_imgdesc.text import BertTextEncoder

            bert = BertTextEncoder(recipe.teacher, recipe.sequence_length)
            warn_of_cut(bert.tokenizer, train.captions(), "texts of the teacher")
            teacher = self._embed(bert, train, "teacher")["sentence"]
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
                "There must be enough images for a batch",
                "Use a smaller batch_size",
                batch_size=recipe.batch_size,
                images=len(train),
            )
        self._compile()
        self.average = MovingAverage(self.model, recipe.average_decay)

    def fit_epoch(self, epoch: int) -> dict[str, Any]:
        self.model.reset_metrics()
        bar = self.steps(self.batches.epoch(epoch), epoch, self.batches.steps)
        logs: dict[str, float] = {}
        for step, (inputs, targets) in enumerate(bar):
            logs = self.model.train_on_batch(inputs, targets, return_dict=True)
            check_finite(logs, epoch, step)
            self.average.on_train_batch_end(step)
        return {name: float(value) for name, value in logs.items()}

    def validate(self, epoch: int) -> dict[str, Any]:
        gather, collection = self._validation
        parts = [
            self.matcher.image_tower.predict_on_batch({"feature_map": maps})
            for maps in feature_maps(gather, len(collection), self.trained)
        ]
        images = ImageEmbeddings(
            np.concatenate([part["vector"] for part in parts]),
            np.concatenate([part["regions"] for part in parts]),
        )
        score = score_function(self.matcher, images)
        scores = self.metric.compute(score, collection)
        return scores | {"score": scores[self.recipe.metric]}

    def save(self, place: str) -> None:
        self.matcher.save_to_preset(
            self.directory.path / place, recipe=self.recipe.as_dict()
        )

    def _refuse_unused_settings(self) -> None:
        recipe, texts = self.recipe, self.matcher.text_encoder
        if recipe.image_encoder_from:
            used = used_encoder(recipe, self.matcher.image_encoder)
            self.refuse_unused("the image encoder is that of a preset", used=used)
        if recipe.text_encoder_from or recipe.text_encoder == "bert":
            recorded = recorded_recipe(recipe.text_encoder_from)
            used = {"min_count": recorded.get("min_count")}
            used["split"] = getattr(texts.tokenizer, "split", "words")
            if not recipe.teacher:  # which is cut to this length, too
                used["sequence_length"] = texts.tokenizer.sequence_length
            if recipe.text_encoder_from:
                used["text_encoder"] = name_of(texts, TEXT_ENCODERS)
            reason = "the text encoder is that of a preset, with its tokenizer"
            self.refuse_unused(reason, used=used)
        if not self._slow_variables():
            self.refuse_unused("the encoders are frozen", "encoder_learning_rate")
        if not recipe.teacher:
            self.refuse_unused("there is no teacher", "distillation_weight")
        if not recipe.hard_negatives and recipe.metric != "hard_choice":
            reason = "there are no hard negatives and choices to make"
            self.refuse_unused(reason, "exchangeable")

    def _check_views(self) -> None:
        recipe = self.recipe
        is_augmented = bool(self.augmentation) or recipe.views > 1
        has_versions = self.frozen and recipe.views > 1 and self.augmentation
        if is_augmented and not has_versions:
            raise InputError(
                "Images are augmented as cached versions, which are outputs of frozen "
                "layers",
                "Freeze the first layers with encoder_options={'trainable_from': ...} "
                "and set views and one of flip, crop, colour and shrink; or set none "
                "of these",
                views=recipe.views,
                flip=recipe.flip,
                crop=recipe.crop,
                colour=recipe.colour,
                shrink=recipe.shrink,
                trainable_from=self.matcher.image_encoder.trainable_from,
            )

    def _read(
        self, collection: CaptionCollection, name: str, views: int = 1
    ) -> tuple[Gather, CaptionCollection]:
        return read_inputs(
            collection,
            self.frozen,
            self.directory.path / "features" / name,
            image_size=self.matcher.image_encoder.image_size,
            views=views,
            augmentation=self.augmentation,
            seed=self.recipe.seed,
            progress=self.progress,
        )

    @cached_property
    def _validation(self) -> tuple[Gather, CaptionCollection]:
        return self._read(self._unread, "validation")

    def _embed(
        self, encoder: Any, collection: CaptionCollection, name: str
    ) -> dict[str, np.ndarray]:
        folder = self.directory.path / name
        return embed_captions(encoder, collection, folder, progress=self.progress)

    def _slow_variables(self) -> list[Any]:
        """Return the variables whose learning rate is that of encoders."""
        slow = list(self.matcher.image_encoder.trainable_variables)
        if self.recipe.text_encoder == "bert":
            slow += self.matcher.text_encoder.trainable_variables
        return slow

    def _compile(self) -> None:
        recipe = self.recipe
        optimizer = build_adamw(
            build_schedule(
                recipe.learning_rate,
                self.batches.steps * recipe.epochs,
                recipe.warm_up_steps,
            ),
            weight_decay=recipe.weight_decay,
            clip_norm=recipe.clip_norm,
            slow=self._slow_variables(),
            factor=recipe.encoder_learning_rate,
        )
        self.model.compile(
            optimizer,
            recipe.distillation_weight * bool(recipe.teacher),
            jit_compile=recipe.jit_compile or None,
        )
        optimizer.build(self.model.trainable_variables)
