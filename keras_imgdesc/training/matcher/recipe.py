"""The settings of a matcher's training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from keras_imgdesc.errors import InputError
from keras_imgdesc.splitting import SPLITS
from keras_imgdesc.training.recipe import Recipe


@dataclass(frozen=True)
class MatchingRecipe(Recipe):
    """Settings of `train_matcher`, saved as JSON beside its result.

    Attributes:
        image_encoder_from: preset of a captioner or matcher whose image encoder is
            used; `None` builds a new one. Called `encoder_from` in earlier versions.
        encoder: a new image encoder, a key of `keras_imgdesc.vision.ENCODERS`.
        encoder_options: arguments of a new image encoder; for one from a preset, only
            `trainable_from` and `image_size`.
        text_encoder_from: preset of a matcher or painter whose text encoder is used
            and stays frozen, so that painters with that text encoder can be evaluated
            with another image encoder; `None` builds a new one.
        text_encoder: a new text encoder, `"compact"` or `"bert"`.
        text_options: arguments of `CompactTextEncoder` except the tokenizer, or of
            `BertTextEncoder`.
        min_count: number of times a word must occur in the training captions to be in
            the compact encoder's vocabulary.
        sequence_length: token ids per text, including start and end. A longer text is
            cut, and the number is logged.
        split: `"words"`, or `"characters"` for Chinese, Japanese and Thai; see
            `CaptionTokenizer`.
        embedding_dim, num_layers, num_heads, dropout, pool_size: see
            `ImageTextMatcher.build_parts`.
        scoring: arguments of `PairScore`.
        epochs: passes over the images.
        batch_size: images per step; each text is matched against all of them.
        captions_per_image: captions of each image per step, drawn at random.
        word_dropout: share of the words replaced by the unknown token in training.
        hard_negatives: wrong captions per image and step, made from its own captions
            by `WordSwaps`.
        exchangeable: groups of mutually exclusive phrases, for `WordSwaps`.
        teacher: BERT, named as for `BertTextEncoder`, whose text similarities the text
            vectors are trained to reproduce, or `None`.
        distillation_weight: weight of that loss.
        jit_compile: whether XLA compiles the step on TensorFlow; on JAX it always does.
        learning_rate: peak learning rate.
        warm_up_steps: steps of linear warm-up, at most a fifth of all steps. Half a
            cosine to 1 % of the peak follows.
        encoder_learning_rate: factor of the learning rate for the trained layers of
            the image encoder and of a BERT.
        weight_decay: decay per unit of learning rate.
        clip_norm: maximum norm of all gradients together.
        average_decay: decay per step of a moving average of the weights, which is
            validated and saved; see `MovingAverage`. 0 disables it.
        flip, crop, colour, views: see `CaptionRecipe`. Images are augmented only as
            cached versions, so augmentation needs frozen layers and several views.
        shrink: side in pixels to which an augmented version is reduced before it is
            enlarged to the encoder's size, for a matcher of small paintings; 0 does
            not reduce it.
        seed: seed of weights, dropout, order and augmentation.
        precision: `"auto"` or a Keras dtype policy, see `choose_precision`.
        metric: selects the epoch that is kept: `"recall"`, the mean of recall at 1, 5
            and 10 in both directions, or `"hard_choice"`, the percentage of images for
            which the right caption is chosen among 100 that differ by a swap.
        validation_images: number of images scored after each epoch.
        patience: epochs without a better score before the run stops, counted once the
            score has changed; 0 never stops.
        notes: command, time, machine and score of the run that was kept.

    Raises:
        InputError: a setting is out of range, or settings contradict each other.

    Example:
    >>> MatchingRecipe.from_dict({"encoder_from": "scenes_lstm"}).image_encoder_from
    'scenes_lstm'
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"encoder_from": "image_encoder_from"}

    image_encoder_from: str | None = None
    encoder: str = "vgg16"
    encoder_options: dict[str, Any] = field(default_factory=dict)
    text_encoder_from: str | None = None
    text_encoder: str = "compact"
    text_options: dict[str, Any] = field(default_factory=dict)
    min_count: int = 2
    sequence_length: int = 32
    split: str = "words"
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
        self.require_at_least(
            epochs=1,
            batch_size=2,
            captions_per_image=1,
            pool_size=1,
            views=1,
            hard_negatives=0,
            validation_images=1,
            shrink=0,
        )
        self.require_one_of(
            text_encoder=("compact", "bert"),
            metric=("recall", "hard_choice"),
            split=SPLITS,
        )
        self.require_below_one("word_dropout", "average_decay")
        needs_swaps = self.hard_negatives or self.metric == "hard_choice"
        if needs_swaps and not self.exchangeable:
            raise InputError(
                "Hard negatives and hard choices need phrases to exchange",
                "Set exchangeable, for example [['red', 'blue'], ['left', 'right']]",
                exchangeable=self.exchangeable,
            )
        if self.text_encoder_from and self.text_options:
            raise InputError(
                "text_options are arguments of a new text encoder",
                "Omit text_options or text_encoder_from",
                text_encoder_from=self.text_encoder_from,
                text_options=self.text_options,
            )
        is_compact = self.text_encoder == "compact" and not self.text_encoder_from
        if not is_compact and (self.word_dropout or self.hard_negatives):
            raise InputError(
                "word_dropout and hard_negatives need a new compact text encoder",
                "Set both to 0",
                word_dropout=self.word_dropout,
                hard_negatives=self.hard_negatives,
            )
