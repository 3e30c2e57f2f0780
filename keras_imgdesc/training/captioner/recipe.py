"""How a captioner is trained."""

from dataclasses import dataclass, field
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.recipe import Recipe


@dataclass(frozen=True)
class CaptionRecipe(Recipe):
    """Settings of `train_captioner`, saved as JSON beside what it makes.

    Attributes:
        encoder: `"vgg16"` or `"mobilenet"`.
        encoder_options: arguments of the encoder, as `weights` and `trainable_from`.
        decoder_options: arguments of `LSTMDecoder` besides the shapes.
        min_count: a word must appear so often in the training captions.
        sequence_length: token ids a caption, start and end included.
        epochs: passes over the pictures (or over the captions, see
            `captions_per_image`).
        batch_size: captions in a step.
        captions_per_image: captions of one picture trained on together. With more than
            one, a picture is encoded once for all of them, and an epoch is a pass over
            the pictures; with one, over the captions.
        objective: `"cross_entropy"`, or `"self_critical"`: `captions_per_image`
            captions of each picture are drawn and made likelier the better their
            CIDEr-D is (see `SelfCritical`); for a decoder that is trained already
            (`start_from`), on a frozen encoder, at a tenth of the learning rate, and
            without dropout.
        temperature: of the captions drawn, see `SelfCritical`.
        optimizer: `"adamw"`, or `"muon"`: ConvMuon for convolutions, AdamW for the
            rest, which learns an encoder from scratch in far fewer steps.
        learning_rate: peak.
        encoder_learning_rate: factor on it for the encoder's layers, under `"adamw"`.
        warm_up_steps: linear warm-up, a fifth of all steps at most; half a cosine to
            1 % follows.
        average_decay: the captions of validation pictures, and the captioner that is
            kept, are of a moving average of the weights that keeps so much of itself
            in a step (see `MovingAverage`); 0 averages nothing.
        weight_decay, clip_norm, label_smoothing, attention_penalty: as their names.
        flip: whether pictures may be mirrored; not where captions say left and right.
        crop: smallest side of a random crop, as a share of the picture's; 1 is none.
        colour: strength of random contrast and brightness; 0 is none.
        views: with frozen layers and `flip`, `crop` or `colour`, how many versions of
            each picture those layers' output is kept of, the first unchanged; a step
            draws one. 1 keeps none: pictures change in each step and go through the
            whole encoder, or do not change if all of it is frozen.
        seed: of weights, dropout, order and augmentation.
        precision: `"auto"` or a Keras dtype policy.
        metric: `"bleu_4"`, `"cider_d"` or `"scene_graph"`; on free-running captions of
            validation pictures it chooses the epoch that is kept.
        patience: epochs without a better score before the run stops; 0 never stops.
        num_beams, length_penalty: of the search on validation pictures.
        validation_images: how many of them are described after each epoch.
        start_from: a preset whose decoder (and encoder) the run starts with, or `None`.
        notes: command, time, machine and score of the run that was kept.
    """

    encoder: str = "vgg16"
    encoder_options: dict[str, Any] = field(default_factory=dict)
    decoder_options: dict[str, Any] = field(default_factory=dict)
    min_count: int = 5
    sequence_length: int = 24
    epochs: int = 8
    batch_size: int = 64
    captions_per_image: int = 1
    objective: str = "cross_entropy"
    temperature: float = 1.0
    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    encoder_learning_rate: float = 0.1
    warm_up_steps: int = 300
    average_decay: float = 0.0
    weight_decay: float = 0.02
    clip_norm: float = 5.0
    label_smoothing: float = 0.1
    attention_penalty: float = 0.0
    flip: bool = False
    crop: float = 1.0
    colour: float = 0.0
    views: int = 1
    seed: int = 0
    precision: str = "auto"
    metric: str = "bleu_4"
    patience: int = 0
    num_beams: int = 3
    length_penalty: float = 0.8
    validation_images: int = 500
    start_from: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = ("epochs", "batch_size", "captions_per_image", "views", "num_beams")
        for name in counts:
            if getattr(self, name) < 1:
                raise InputError(
                    f"{name} must be at least 1",
                    "Use a larger one",
                    **{name: getattr(self, name)},
                )
        if self.batch_size % self.captions_per_image:
            raise InputError(
                "batch_size counts captions: a multiple of captions_per_image",
                "Change one of them",
                batch_size=self.batch_size,
                captions_per_image=self.captions_per_image,
            )
        if not 0 <= self.average_decay < 1:
            raise InputError(
                "average_decay must be from 0 to below 1",
                "Use 0.999, or 0 for no average",
                average_decay=self.average_decay,
            )
        if self.optimizer not in ("adamw", "muon"):
            raise InputError(
                "optimizer must be 'adamw' or 'muon'",
                "Choose one of them",
                optimizer=self.optimizer,
            )
        if self.objective not in ("cross_entropy", "self_critical"):
            raise InputError(
                "objective must be 'cross_entropy' or 'self_critical'",
                "Choose one of them",
                objective=self.objective,
            )
        if self.temperature <= 0:
            raise InputError(
                "temperature must be above 0",
                "Use for example 0.6",
                temperature=self.temperature,
            )
        if self.objective == "self_critical" and (
            self.captions_per_image < 2 or not self.start_from
        ):
            raise InputError(
                "Self-critical training compares at least 2 captions of a picture, "
                "drawn from a decoder that can already describe",
                "Set captions_per_image to 5 and start_from to a preset",
                captions_per_image=self.captions_per_image,
                start_from=self.start_from,
            )
        if self.metric not in ("bleu_4", "cider_d", "scene_graph"):
            raise InputError(
                "metric must be 'bleu_4', 'cider_d' or 'scene_graph'",
                "Choose one of them",
                metric=self.metric,
            )
