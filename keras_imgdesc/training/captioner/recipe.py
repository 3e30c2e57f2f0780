"""The settings of a captioner's training."""

from dataclasses import dataclass, field
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.caption_metrics import CAPTION_METRICS
from keras_imgdesc.splitting import SPLITS
from keras_imgdesc.training.recipe import Recipe


@dataclass(frozen=True)
class CaptionRecipe(Recipe):
    """Settings of `train_captioner`, saved as JSON beside its result.

    Attributes:
        encoder: image encoder, a key of `keras_imgdesc.vision.ENCODERS`.
        encoder_options: arguments of its constructor, such as `weights` and
            `trainable_from`.
        decoder: a key of `keras_imgdesc.captioning.decoders.DECODERS`.
        decoder_options: arguments of its constructor, except the vocabulary's size and
            the feature map's shape.
        min_count: number of times a word must occur in the training captions to be in
            the vocabulary.
        sequence_length: token ids per caption, including start and end. A longer
            caption is cut; it has no end token then, and the number is logged.
        split: `"words"`, or `"characters"` for Chinese, Japanese and Thai; see
            `CaptionTokenizer`.
        epochs: passes over the images (or over the captions, see
            `captions_per_image`).
        batch_size: captions per step.
        captions_per_image: captions of the same image that share a step. With more
            than one, an image is encoded once for all of them, and an epoch is a pass
            over the images: one with more captions shows others in the next epoch, one
            with fewer repeats some. With one, an epoch is a pass over the captions.
        objective: `"cross_entropy"` or `"self_critical"`. The latter samples
            `captions_per_image` captions of each image and makes those with a higher
            CIDEr-D more likely (see `SelfCritical`). It needs a trained decoder
            (`start_from`) and a frozen encoder, works best at a tenth of the learning
            rate, and uses no dropout.
        temperature: sampling temperature of self-critical training.
        optimizer: `"adamw"`, or `"muon"`: ConvMuon for convolutions and AdamW for the
            other variables, which trains an encoder from scratch in far fewer steps.
        learning_rate: peak learning rate.
        encoder_learning_rate: factor of the learning rate for the image encoder's
            layers, with `"adamw"`.
        warm_up_steps: steps of linear warm-up, at most a fifth of all steps. Half a
            cosine to 1 % of the peak follows.
        average_decay: decay per step of a moving average of the weights (see
            `MovingAverage`), with which validation images are captioned and which is
            saved; 0 disables it.
        weight_decay: decay per unit of learning rate.
        clip_norm: maximum norm of all gradients together.
        label_smoothing: share of the target distribution spread over all words.
        attention_penalty: weight of the doubly stochastic attention penalty.
        flip: whether images may be mirrored; unsuitable if captions mention left and
            right.
        crop: smallest side of a random crop, as a share of the image's; 1 is no crop.
        colour: strength of random contrast and brightness, from 0 to 1.
        views: with frozen layers and `flip`, `crop` or `colour`: number of versions of
            each image whose frozen output is cached, the first unchanged. A step draws
            one of them. With 1, images are augmented anew in each step and pass
            through the complete encoder. An encoder that is frozen as a whole needs 2
            or more.
        seed: seed of weights, dropout, order and augmentation.
        precision: `"auto"` or a Keras dtype policy, see `choose_precision`.
        metric: a key of `CAPTION_METRICS`, such as `"bleu_4"`, `"cider_d"` or
            `"scene_graph"`. Computed on freely generated captions of validation images;
            it selects the epoch that is kept.
        patience: epochs without a better score before the run stops, counted once the
            score has changed; 0 never stops.
        num_beams, length_penalty: settings of the beam search on validation images.
        validation_images: number of images captioned after each epoch.
        start_from: preset of a captioner to continue training, or `None` to start with
            a new decoder. Of `encoder_options` only `trainable_from` then has an
            effect.
        grow_vocabulary: whether words that occur `min_count` times in the training
            captions and that the preset of `start_from` lacks are added to its
            vocabulary. Without it, they are trained as the unknown word.
        classifier: preset of an `ImageClassifier`. Its image encoder and head see the
            concepts that guide a new decoder; of `encoder_options` only
            `trainable_from`, `image_size` and `weights` count. The last is the preset
            of a captioner whose encoder began as the classifier's and was trained
            further. `None` is no guide.
        classifier_share: share of the classifier's weights, in [0, 1), in the mean with
            those that `encoder_options` name. With 0.4, for instance, the encoder sees
            more of the classifier's classes again and keeps most of what it learned
            (Wortsman et al., https://arxiv.org/abs/2109.01903).
        classifier_weight: weight of the loss that keeps the classes which `classifier`
            sees while its image encoder is trained (see `KeptClasses`); 0 lets them
            change.
        concept_options: other arguments of the `ConceptDetector`: `num_concepts` and
            `threshold`.
        unpaired_batches: batches of captions without images after each batch of
            images with captions. They train a guided decoder (see `UnpairedCaptions`).
        unpaired_batch_size: captions per such batch.
        concept_dropout: probability that a noun of such a caption is not seen.
        wrong_concepts: largest number of wrong nouns that are added to them.
        notes: command, time, machine and score of the run that was kept.

    Raises:
        InputError: a setting is out of range, or settings contradict each other.

    Example:
    >>> CaptionRecipe(epochs=3, decoder_options={"hidden_dim": 256}).batch_size
    64
    """

    encoder: str = "vgg16"
    encoder_options: dict[str, Any] = field(default_factory=dict)
    decoder: str = "lstm"
    decoder_options: dict[str, Any] = field(default_factory=dict)
    min_count: int = 5
    sequence_length: int = 24
    split: str = "words"
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
    grow_vocabulary: bool = False
    classifier: str | None = None
    classifier_share: float = 0.0
    classifier_weight: float = 0.0
    concept_options: dict[str, Any] = field(default_factory=dict)
    unpaired_batches: int = 0
    unpaired_batch_size: int = 128
    concept_dropout: float = 0.25
    wrong_concepts: int = 2
    notes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least(
            epochs=1, batch_size=1, captions_per_image=1, views=1, num_beams=1
        )
        self.require_at_least(
            unpaired_batches=0, unpaired_batch_size=1, wrong_concepts=0
        )
        self.require_one_of(
            optimizer=("adamw", "muon"),
            objective=("cross_entropy", "self_critical"),
            metric=tuple(CAPTION_METRICS),
            split=SPLITS,
        )
        self.require_below_one("average_decay", "classifier_share")
        if self.classifier_share and not (
            self.classifier
            and "weights" in self.encoder_options
            and not self.start_from
        ):
            raise InputError(
                "classifier_share needs the weights of a classifier and others, and a "
                "new captioner",
                "Set classifier to a preset, encoder_options['weights'] to the preset "
                "of a captioner whose encoder was trained further, and start_from to "
                "null",
                classifier_share=self.classifier_share,
                classifier=self.classifier,
                start_from=self.start_from,
            )
        if self.batch_size % self.captions_per_image:
            raise InputError(
                "batch_size counts captions and must be a multiple of "
                "captions_per_image",
                f"Use a batch_size such as {10 * self.captions_per_image}",
                batch_size=self.batch_size,
                captions_per_image=self.captions_per_image,
            )
        if not 0 <= self.concept_dropout <= 1:
            raise InputError(
                "concept_dropout must be in [0, 1]",
                "Use for example 0.25",
                concept_dropout=self.concept_dropout,
            )
        if self.classifier_weight < 0 or (
            self.classifier_weight and not self.classifier
        ):
            raise InputError(
                "classifier_weight must be at least 0, and above 0 only with a "
                "classifier",
                "Set classifier to a preset, or classifier_weight to 0",
                classifier_weight=self.classifier_weight,
                classifier=self.classifier,
            )
        if self.temperature <= 0:
            raise InputError(
                "temperature must be above 0",
                "Use 0.6, for example",
                temperature=self.temperature,
            )
        if self.objective == "self_critical" and (
            self.captions_per_image < 2 or not self.start_from
        ):
            raise InputError(
                "Self-critical training compares at least 2 captions per image, "
                "sampled from a trained decoder",
                "Set captions_per_image to 5 and start_from to a preset",
                captions_per_image=self.captions_per_image,
                start_from=self.start_from,
            )
        if self.grow_vocabulary and (
            not self.start_from or self.objective == "self_critical"
        ):
            raise InputError(
                "The vocabulary of a preset grows, in training by cross-entropy: a "
                "sample never has a word that was not trained on",
                'Set start_from to a preset and objective to "cross_entropy", or omit '
                "grow_vocabulary",
                start_from=self.start_from,
                objective=self.objective,
            )
