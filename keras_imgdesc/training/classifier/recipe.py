"""The settings of a classifier's training."""

from dataclasses import dataclass, field
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.recipe import Recipe


@dataclass(frozen=True)
class ClassifierRecipe(Recipe):
    """Settings of `train_classifier`, saved as JSON beside its result.

    Attributes:
        image_encoder_from: preset whose image encoder is used; `None` builds a new one.
        encoder: a new image encoder, a key of `keras_imgdesc.vision.ENCODERS`.
        encoder_options: arguments of a new image encoder; for one from a preset, only
            `trainable_from` and `image_size`.
        teacher: preset of a classifier whose probabilities are the targets, for images
            without labels; `None` takes the labels of the images.
        teacher_temperature: divisor of the logits of teacher and student in the loss.
            Above 1 the classes that the teacher holds for unlikely count more, so that
            the student also learns of classes that its images do not show.
        epochs: passes over the images.
        batch_size: images per step.
        dropout: share of the pooled features that is dropped, in [0, 1).
        label_smoothing: share of the target that is spread over all classes, in [0, 1).
        learning_rate: peak learning rate.
        encoder_learning_rate: factor of the learning rate for the trained layers of
            the image encoder.
        warm_up_steps: steps of linear warm-up, at most a fifth of all steps. Half a
            cosine to 1 % of the peak follows.
        weight_decay: decay per unit of learning rate.
        clip_norm: maximum norm of all gradients together.
        average_decay: decay per step of a moving average of the weights, which is
            validated and saved; see `MovingAverage`. 0 disables it.
        flip, crop, colour: changes of the training images, see `Augmentation`.
        views: versions of each image, the unchanged one included. With 1 and any
            change, images are changed anew in each step and pass through the complete
            encoder; otherwise outputs of frozen layers are cached.
        validation_share: share of the images of each class that is held out where no
            validation images are given.
        seed: seed of weights, dropout, order and augmentation.
        precision: `"auto"` or a Keras dtype policy, see `choose_precision`.
        patience: epochs without a better score before the run stops, counted once the
            score has changed; 0 never stops.
        notes: command, time, machine and score of the run that was kept.

    Raises:
        InputError: a setting is out of range, or settings contradict each other.

    Example:
    >>> ClassifierRecipe.from_dict({"image_encoder_from": "scenes_lstm"}).epochs
    20
    """

    image_encoder_from: str | None = None
    encoder: str = "efficientnet_lite"
    encoder_options: dict[str, Any] = field(default_factory=dict)
    teacher: str | None = None
    teacher_temperature: float = 1.0
    epochs: int = 20
    batch_size: int = 64
    dropout: float = 0.2
    label_smoothing: float = 0.0
    learning_rate: float = 1e-3
    encoder_learning_rate: float = 0.1
    warm_up_steps: int = 100
    weight_decay: float = 0.02
    clip_norm: float = 5.0
    average_decay: float = 0.0
    flip: bool = False
    crop: float = 1.0
    colour: float = 0.0
    views: int = 1
    validation_share: float = 0.1
    seed: int = 0
    precision: str = "auto"
    patience: int = 0
    notes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least(epochs=1, batch_size=1, views=1)
        self.require_below_one("dropout", "label_smoothing", "average_decay")
        if self.teacher_temperature <= 0:
            raise InputError(
                "teacher_temperature must be above 0",
                "Use 1 for the teacher's own probabilities",
                teacher_temperature=self.teacher_temperature,
            )
        if not 0 < self.validation_share < 1:
            raise InputError(
                "validation_share must be above 0 and below 1",
                "Use 0.1, or give validation images",
                validation_share=self.validation_share,
            )
        is_augmented = self.flip or self.crop < 1 or self.colour > 0
        if self.teacher and is_augmented and self.views == 1:
            raise InputError(
                "A teacher has to see the same versions of an image",
                "Set views to 2 or more, so that versions are kept, or augment nothing",
                views=self.views,
            )
        if self.views > 1 and not is_augmented:
            raise InputError(
                "Several views of an image must differ",
                "Set one of flip, crop and colour, or set views to 1",
                views=self.views,
            )
