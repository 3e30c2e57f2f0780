"""Train a classifier."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_imgdesc.backend import global_policy, training_operations
from keras_imgdesc.classification import ImageClassifier, Labels
from keras_imgdesc.classification.calibration import fit_temperature
from keras_imgdesc.classification.class_predictor import softmax
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.splitting import hold_out
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.classification.classification_metrics import (
    ClassificationAccuracy,
    TeacherAgreement,
)
from keras_imgdesc.evaluation.classification.evaluate_classifier import labelled
from keras_imgdesc.training.classifier.data import (
    epoch_rows,
    teacher_logits,
)
from keras_imgdesc.training.classifier.model import (
    one_hot,
    pooled,
    teacher_loss,
    training_model,
)
from keras_imgdesc.training.classifier.recipe import ClassifierRecipe
from keras_imgdesc.training.inputs.augmentation import Augmentation, augment
from keras_imgdesc.training.inputs.building import building
from keras_imgdesc.training.inputs.held_out import training_images
from keras_imgdesc.training.inputs.images import (
    Gather,
    read_inputs,
)
from keras_imgdesc.training.inputs.parts import image_encoder_of, used_encoder
from keras_imgdesc.training.inputs.views import ImageViews
from keras_imgdesc.training.optimizers.build import build_adamw, build_schedule
from keras_imgdesc.training.optimizers.moving_average import MovingAverage
from keras_imgdesc.training.run import TrainingRun, check_finite

# Images per batch when validation images are classified.
_BATCH = 50


def train_classifier(
    recipe: ClassifierRecipe,
    run_dir: str | Path,
    train: CaptionCollection,
    validation: CaptionCollection | None = None,
    *,
    progress: bool = True,
) -> ImageClassifier:
    """Train a classifier as a recipe specifies: a new head, and layers before it.

    The classes are those of the images, or the teacher's. Outputs of frozen layers are
    computed once, into the run directory; where all layers of the encoder are frozen,
    that is their mean over the locations.

    After each epoch the temperature is fitted to the validation images, they are
    scored, the state is committed, and the best classifier so far is saved as a
    preset. Running the same command again resumes after the last committed epoch; on
    the same machine it is meant to end in the same weights. Unreadable images are
    skipped with a warning.

    Args:
        recipe: training settings.
        run_dir: directory for `recipe.json`, `metrics.csv`, `logs/` for TensorBoard,
            the checkpoint, and `preset/`, the best classifier.
        train: images with the name of their class in `extra["name"]`, see
            `read_labelled_folders`; with a teacher, images without.
        validation: the same; not trained on, even if they are in `train`, too. `None`
            holds out a part of `train`, see `hold_out`.
        progress: whether to show progress.

    Returns:
        The classifier of the best epoch.

    Raises:
        InputError: there are no images or no two classes, a validation image has a
            class without training images, the run directory belongs to another recipe
            or other data, or a loss is not finite.
    """
    is_given = validation is not None
    if validation is None:
        train, validation = hold_out(train, recipe.validation_share)
    train = training_images(train, validation)
    with training_operations(recipe.precision):
        run = ClassifierRun(recipe, run_dir, train, validation, progress=progress)
        if is_given:
            run.refuse_unused("validation images are given", "validation_share")
        run.train()
    return ImageClassifier.from_preset(str(Path(run_dir) / "preset"))


class ClassifierRun(TrainingRun):
    """The run of `train_classifier`.

    Args:
        recipe, run_dir, train, validation, progress: see `train_classifier`.
    """

    average: MovingAverage
    # Losses on validation images: on labelled ones, or in comparison with a teacher.
    ties = (("cross_entropy", False), ("divergence", False), ("loss", False))

    def __init__(
        self,
        recipe: ClassifierRecipe,
        run_dir: str | Path,
        train: CaptionCollection,
        validation: CaptionCollection,
        *,
        progress: bool = True,
    ) -> None:
        # Checked before the directory is tied to the recipe.
        teacher = None
        if recipe.teacher:
            teacher = ImageClassifier.from_preset(recipe.teacher, global_policy())
        labels = teacher.labels if teacher else _labels_of(train)
        if teacher is None:
            train, validation = labelled(train, labels), labelled(validation, labels)
        super().__init__(recipe, run_dir, progress=progress)
        train, validation = self.data.match(
            label="name", train=train, validation=validation
        ).values()
        self.data.match_words(labels=labels.tokens)
        keras.utils.set_random_seed(recipe.seed)
        with building("classifier"):
            encoder = image_encoder_of(recipe)
            self.classifier = ImageClassifier.build_parts(encoder, labels)
        if recipe.image_encoder_from:
            used = used_encoder(recipe, self.classifier.image_encoder)
            self.refuse_unused("the image encoder is that of a preset", used=used)
        if not self.classifier.image_encoder.trainable_variables:
            self.refuse_unused("the image encoder is frozen", "encoder_learning_rate")
        if recipe.teacher:
            self.refuse_unused("the targets are a teacher's", "label_smoothing")
        else:
            self.refuse_unused("there is no teacher", "teacher_temperature")
        self.augmentation = Augmentation(recipe.flip, recipe.crop, recipe.colour)
        self.frozen, self.trained = self._split_encoder()
        self.teacher = teacher
        self.gather, self.targets, train = self._read(train, "train", recipe.views)
        self._unread = validation
        self.count = len(train)
        self.batch_size = min(recipe.batch_size, self.count)
        self.model = training_model(
            self.frozen, self.trained, self.classifier.head, recipe.dropout
        )
        self._compile()
        self.average = MovingAverage(self.model, recipe.average_decay)

    def fit_epoch(self, epoch: int) -> dict[str, Any]:
        self.model.reset_metrics()
        recipe = self.recipe
        rows = epoch_rows(self.count, recipe.views, self.batch_size, recipe.seed, epoch)
        bar = self.steps(rows, epoch, self.count // self.batch_size)
        logs: dict[str, float] = {}
        for step, chosen in enumerate(bar):
            inputs = self.gather(chosen)
            if self._changes_each_step:
                key = tf.constant([recipe.seed * 100_003 + epoch, step], tf.int64)
                inputs = augment(tf.constant(inputs), key, self.augmentation).numpy()
            logs = self.model.train_on_batch(
                inputs, self.targets(chosen), return_dict=True
            )
            check_finite(logs, epoch, step)
            self.average.on_train_batch_end(step)
        return {name: float(value) for name, value in logs.items()}

    def validate(self, epoch: int) -> dict[str, Any]:
        gather, targets, collection = self._validation
        parts = [
            self.model.predict_on_batch(
                gather(np.arange(start, min(start + _BATCH, len(collection))))
            )
            for start in range(0, len(collection), _BATCH)
        ]
        logits = np.concatenate(parts).astype(np.float64)
        expected = targets(np.arange(len(collection)))
        if self.teacher is not None:
            expected = softmax(expected)
        temperature = fit_temperature(logits, expected)
        self.classifier.head.temperature = temperature
        metric: ClassificationAccuracy | TeacherAgreement = ClassificationAccuracy()
        if self.teacher is not None:
            metric = TeacherAgreement(expected)
        scores = metric.compute(softmax(logits / temperature), collection)
        return scores | {"temperature": temperature, "score": scores[metric.name]}

    def save(self, place: str) -> None:
        self.classifier.save_to_preset(
            self.directory.path / place, recipe=self.recipe.as_dict()
        )

    @property
    def _changes_each_step(self) -> bool:
        """Whether images are augmented anew in each step."""
        return bool(self.augmentation) and self.recipe.views == 1

    def _split_encoder(self) -> tuple[Any, Any]:
        """Return the part of the encoder whose output is cached, and the part trained.

        Images that change in each step pass through the complete encoder.
        """
        encoder = self.classifier.image_encoder
        if self._changes_each_step:
            return None, encoder
        frozen, trained = encoder.split()
        if frozen is None and self.recipe.views > 1:
            raise InputError(
                "Versions of images are cached as outputs of frozen layers",
                "Set views to 1, which changes images in each step, or freeze the "
                "first layers with encoder_options={'trainable_from': ...}",
                views=self.recipe.views,
                trainable_from=encoder.trainable_from,
            )
        return (pooled(encoder) if trained is None else frozen), trained

    def _read(
        self, collection: CaptionCollection, name: str, views: int = 1
    ) -> tuple[Gather, Callable[[np.ndarray], np.ndarray], CaptionCollection]:
        """Return inputs and targets of images by row, and the readable images.

        Targets are certain probabilities, or the logits of the teacher.
        """
        folder = self.directory.path / "features" / name
        size = self.classifier.image_encoder.image_size
        seed, augmentation = self.recipe.seed, self.augmentation
        gather, readable = read_inputs(
            collection,
            self.frozen,
            folder,
            image_size=size,
            views=views,
            augmentation=augmentation,
            seed=seed,
            progress=self.progress,
        )
        if self.teacher is None:
            ids = np.array([example.extra["label"] for example in readable])
            classes = len(self.classifier.labels)
            return gather, lambda rows: one_hot(ids[rows // views], classes), readable
        # The same versions as those of the features.
        versions = ImageViews(collection, views, augmentation, size, seed)
        found = teacher_logits(
            self.teacher,
            versions,
            self.directory.path / "teacher",
            progress=self.progress,
        )
        return gather, lambda rows: found[rows].astype(np.float32), readable

    @cached_property
    def _validation(self) -> tuple[Gather, Any, CaptionCollection]:
        return self._read(self._unread, "validation")

    def _compile(self) -> None:
        recipe = self.recipe
        schedule = build_schedule(
            recipe.learning_rate,
            self.count // self.batch_size * recipe.epochs,
            recipe.warm_up_steps,
        )
        optimizer = build_adamw(
            schedule,
            weight_decay=recipe.weight_decay,
            clip_norm=recipe.clip_norm,
            slow=self.classifier.image_encoder.trainable_variables,
            factor=recipe.encoder_learning_rate,
        )
        loss: Any = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=recipe.label_smoothing
        )
        if self.teacher is not None:
            loss = teacher_loss(recipe.teacher_temperature)
        is_jax = keras.backend.backend() == "jax"
        self.model.compile(optimizer, loss, jit_compile="auto" if is_jax else False)
        optimizer.build(self.model.trainable_variables)


def _labels_of(train: CaptionCollection) -> Labels:
    names = sorted({e.extra["name"] for e in train if "name" in e.extra})
    if len(names) < 2:
        raise InputError(
            "A classifier needs images of at least two classes",
            "Sort the images into one folder per class, or name a teacher",
            classes=names,
        )
    return Labels(names)
