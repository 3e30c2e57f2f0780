"""How a matcher is trained."""

from dataclasses import dataclass, field
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.recipe import Recipe

METRICS = ("recall", "hard_choice")


@dataclass(frozen=True)
class MatchingRecipe(Recipe):
    """Settings of `train_matcher`, saved as JSON beside what it makes.

    Attributes:
        encoder_from: a preset of a captioner or matcher, whose image encoder is used;
            None builds a new one of `encoder`.
        encoder: `"vgg16"` or `"mobilenet"`, where there is no `encoder_from`.
        encoder_options: arguments of a new encoder; of one that is there,
            `trainable_from` and `image_size` alone.
        text_encoder_from: a preset of a matcher or painter, whose text encoder is used
            as it is, so that painters which read with it can be judged with new eyes;
            None builds a new one of `text_encoder`.
        text_encoder: `"compact"` or `"bert"`.
        text_options: arguments of `CompactTextEncoder` besides the tokenizer, or of
            `BertTextEncoder`.
        min_count: a word of the compact encoder's vocabulary must appear so often.
        sequence_length: token ids a text.
        embedding_dim, num_layers, num_heads, dropout, pool_size, scoring: see
            `ImageTextMatcher.build_parts`; `scoring` are the arguments of `PairScore`.
        epochs: passes over the pictures.
        batch_size: pictures in a step, each told from so many.
        captions_per_image: captions of each picture in a step, drawn anew.
        word_dropout: share of the words that are read as unknown while training.
        hard_negatives: wrong captions that each picture brings along, each made of one
            of its own by `WordSwaps`.
        exchangeable: phrases that exclude each other, for `WordSwaps`.
        teacher: a BERT as `BertTextEncoder` names it, whose similarities the text
            vectors learn too; None for none.
        distillation_weight: of that loss.
        jit_compile: whether XLA compiles the step on TensorFlow; on JAX it always does.
        learning_rate: peak; after a warm-up of `warm_up_steps`, half a cosine to 1 %.
        encoder_learning_rate: factor on it for the trained layers of both encoders
            that come from a preset.
        weight_decay, clip_norm: of AdamW.
        average_decay: see `MovingAverage`.
        flip, crop, colour, views: see `CaptionRecipe`; pictures are changed only in
            versions of them, so frozen layers and more than one view go with it.
        shrink: side in pixels that a version is made as small as, before it is seen
            at the encoder's size: for a matcher of small paintings. 0 leaves it.
        seed: of weights, dropout, order and augmentation.
        precision: `"auto"` or a Keras dtype policy.
        metric: chooses the epoch that is kept: `"recall"`, the mean of recall at 1, 5
            and 10 in both directions, or `"hard_choice"`, how often the right caption
            is chosen of 100 that differ by a swap.
        validation_images: how many are scored after each epoch.
        patience: epochs without a better score before the run stops; 0 never stops.
        notes: command, time, machine and score of the run that was kept.
    """

    encoder_from: str | None = None
    encoder: str = "vgg16"
    encoder_options: dict[str, Any] = field(default_factory=dict)
    text_encoder_from: str | None = None
    text_encoder: str = "compact"
    text_options: dict[str, Any] = field(default_factory=dict)
    min_count: int = 2
    sequence_length: int = 32
    embedding_dim: int = 256
    num_layers: int = 1
    num_heads: int = 4
    dropout: float = 0.1
    pool_size: int = 1
    scoring: dict[str, Any] = field(default_factory=dict)
    epochs: int = 15
    batch_size: int = 128
    captions_per_image: int = 1
    word_dropout: float = 0.0
    hard_negatives: int = 0
    exchangeable: list[list[str]] = field(default_factory=list)
    teacher: str | None = None
    distillation_weight: float = 1.0
    jit_compile: bool = False
    learning_rate: float = 1e-3
    encoder_learning_rate: float = 0.1
    warm_up_steps: int = 200
    weight_decay: float = 0.02
    clip_norm: float = 5.0
    average_decay: float = 0.0
    flip: bool = False
    crop: float = 1.0
    colour: float = 0.0
    shrink: int = 0
    views: int = 1
    seed: int = 0
    precision: str = "auto"
    metric: str = "recall"
    validation_images: int = 500
    patience: int = 0
    notes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        least = {
            "epochs": 1,
            "batch_size": 2,
            "captions_per_image": 1,
            "pool_size": 1,
            "views": 1,
            "hard_negatives": 0,
            "validation_images": 1,
            "shrink": 0,
        }
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise InputError(
                    f"{name} must be at least {smallest}",
                    "Use a larger one",
                    **{name: getattr(self, name)},
                )
        for name in ("word_dropout", "average_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(
                    f"{name} must be from 0 to below 1",
                    "Use 0 for none",
                    **{name: getattr(self, name)},
                )
        for name, choices in (
            ("text_encoder", ("compact", "bert")),
            ("metric", METRICS),
        ):
            if getattr(self, name) not in choices:
                raise InputError(
                    f"{name} must be one of {choices}",
                    "Choose one of them",
                    **{name: getattr(self, name)},
                )
        needs_swaps = self.hard_negatives or self.metric == "hard_choice"
        if needs_swaps and not self.exchangeable:
            raise InputError(
                "Hard negatives are made of phrases that can be exchanged",
                "Set exchangeable, for example [['red', 'blue'], ['left', 'right']]",
                exchangeable=self.exchangeable,
            )
        if self.text_encoder_from and self.text_options:
            raise InputError(
                "A text encoder that there is already has its form",
                "Leave out text_options, or text_encoder_from",
                text_encoder_from=self.text_encoder_from,
                text_options=self.text_options,
            )
        is_compact = self.text_encoder == "compact" and not self.text_encoder_from
        if not is_compact and (self.word_dropout or self.hard_negatives):
            raise InputError(
                "word_dropout and hard_negatives are for a new compact text encoder",
                "Set them to 0",
                word_dropout=self.word_dropout,
                hard_negatives=self.hard_negatives,
            )
