"""How a generator is trained."""

from dataclasses import dataclass, field
from typing import Any

from keras_imgdesc.painting.learning.feature_distance import VGG16_LAYERS
from keras_imgdesc.training.generator_rules import check_generator_recipe
from keras_imgdesc.training.recipe import Recipe


@dataclass(frozen=True)
class GeneratorRecipe(Recipe):
    """Settings of `train_generator`, saved as JSON beside what it makes.

    Attributes:
        kind: `"dcgan"` or `"vae"`.
        text_encoder_from: preset of a matcher, whose text encoder is used.
        resolution: side of the pictures: 32, 64 or 128.
        generator_from: preset of a painter of the same text encoder, such as a VAE's,
            whose generator training begins with; None begins anew. Of
            `generator_options` it takes `refined_size` alone, see `Generator.refined`.
        encoder_from: run directory of a VAE, whose encoder training begins with; None
            begins anew. Its form is not that of `encoder_options` then.
        generator_options, discriminator_options, encoder_options: arguments of
            `Generator`, `Discriminator` and the VAE's `PictureEncoder` besides widths
            that the text encoder and each other decide.
        projected: whether the discriminator is a `ProjectedDiscriminator`, which sees
            through the image encoder of a matcher in `text_encoder_from`.
        attend_words: whether the generator looks at the words themselves, see
            `Generator`.
        epochs: each is as many steps as the pictures fill, or `steps_per_epoch`.
        steps_per_epoch: at most that many, of pictures chosen by lot; None for all.
        batch_size: pictures in a step.
        balance: what is drawn equally often: each `"picture"` with one of its
            captions, each `"caption"`, or each `"class"` (pictures whose
            `extra[class_key]` is the same).
        class_key: see `balance`. Where pictures have it, the wrong words of a picture
            are of another class.
        hard_mismatch: wrong captions made of each caption by `WordSwaps`, of which one
            a step counts as fake with the real picture; 0 makes none.
        exchangeable: phrases that exclude each other, for `WordSwaps`.
        loss: `"hinge"` or `"non_saturating"`.
        divergence_weight, penalty_weight, penalty_every, penalty_power,
            matching_weight, matching_images, contrast_weight, anchor_weight, changes,
            translation, cutout: see `GanObjective`. The anchor is the generator of
            `generator_from` as it was. A matching loss needs a matcher in
            `text_encoder_from`.
        matching_after: epochs before the matching loss sets in: a matcher that sees
            noise is fooled by patterns that nobody would call a picture.
        generator_after: epochs before a VAE's generator is trained, too, where there
            is one to begin with: a new encoder first learns the noise of that one.
        prior_epochs: of `fit_noise_prior`, when a VAE is trained, for a generator with
            `prior_layers` in `generator_options`, or with a prior in `generator_from`,
            which is fitted anew.
        sharpening_rounds: of the `Sharpening` of what a VAE's painter paints, which is
            softer than pictures are; its loss is of the unsharpened.
        temperature: of the noise that is painted from, see `Generator`; training is
            with all of it.
        noise_weight, detail_weight, perceptual_weight: see `VaeObjective`.
        perceptual_layers: of the matcher's image encoder, that the perceptual loss
            compares; see `FeatureDistance`.
        noise_warm_up: epochs in which `noise_weight` rises to its full value, in equal
            steps: first a VAE learns to use its noise at all (Bowman et al. 2016,
            https://arxiv.org/abs/1511.06349).
        whiten: how strongly small directions of the sentences are drawn out, see
            `SentenceWhitening.adapt`; the floor of variance, 0 leaves them as they are.
        optimizer: of the generator and the VAE's encoder: `"adam"` or `"muon"`
            (`ConvMuon`).
        adam_share: of `learning_rate`, for what Muon leaves to Adam.
        jit_compile: whether XLA compiles the step.
        learning_rate: peak of the generator's.
        discriminator_learning_rate: of the discriminator's.
        beta_1, beta_2: of both Adams.
        warm_up_steps: linear, a fifth of all steps at most.
        final_share: of the learning rates at the end of half a cosine; 1 keeps them.
        average_decay: of the generator's moving average, which is what is kept.
        seed: of weights, order, noise and changes.
        precision: `"auto"` or a Keras dtype policy.
        metrics: which are computed every `metrics_every` epochs on validation
            pictures: `"r_precision"` and `"fid"` (seen by the matcher's image encoder)
            of a matcher in `text_encoder_from`, and, of Scenes read by rules,
            `"scene_objects"`, `"scene_exact"` and their like.
        metrics_every: see `metrics`.
        metric: chooses what is kept: one of `metrics`, or None for the last epoch.
            The best by each of the others is kept as well, in `best/`.
        validation_images: how many.
        sample_texts, samples_per_text: of the picture that is painted each epoch.
        diversity_floor: mean distance of two pictures of one text, below which a run
            has collapsed.
        collapse_patience: epochs in a row that are below it, or in which the
            discriminator's loss is about zero, before the run stops.
        notes: command, time, machine and score of the run that was kept.
    """

    kind: str = "dcgan"
    text_encoder_from: str = "scenes_matcher"
    resolution: int = 64
    generator_from: str | None = None
    encoder_from: str | None = None
    generator_options: dict[str, Any] = field(default_factory=dict)
    discriminator_options: dict[str, Any] = field(default_factory=dict)
    encoder_options: dict[str, Any] = field(default_factory=dict)
    projected: bool = False
    attend_words: bool = False
    epochs: int = 100
    steps_per_epoch: int | None = None
    batch_size: int = 64
    balance: str = "picture"
    class_key: str = "label"
    hard_mismatch: int = 0
    exchangeable: list[list[str]] = field(default_factory=list)
    loss: str = "hinge"
    divergence_weight: float = 0.01
    penalty_weight: float = 0.0
    penalty_every: int = 4
    penalty_power: float = 6.0
    matching_weight: float = 0.0
    matching_images: int = 0
    matching_after: int = 0
    generator_after: int = 0
    contrast_weight: float = 0.0
    anchor_weight: float = 0.0
    changes: list[str] = field(default_factory=lambda: ["translation"])
    translation: float = 0.125
    cutout: float = 0.5
    noise_weight: float = 0.5
    noise_warm_up: int = 0
    prior_epochs: int = 0
    sharpening_rounds: int = 0
    temperature: float = 1.0
    detail_weight: float = 0.0
    perceptual_weight: float = 0.1
    perceptual_layers: list[str] = field(default_factory=lambda: list(VGG16_LAYERS))
    whiten: float = 0.01
    optimizer: str = "adam"
    adam_share: float = 0.5
    jit_compile: bool = False
    learning_rate: float = 2e-4
    discriminator_learning_rate: float = 4e-4
    beta_1: float = 0.0
    beta_2: float = 0.99
    warm_up_steps: int = 100
    final_share: float = 0.1
    average_decay: float = 0.999
    seed: int = 0
    precision: str = "auto"
    metrics: list[str] = field(default_factory=list)
    metrics_every: int = 5
    metric: str | None = None
    validation_images: int = 500
    sample_texts: int = 8
    samples_per_text: int = 6
    diversity_floor: float = 0.01
    collapse_patience: int = 3
    notes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_generator_recipe(self)

    @property
    def needs_matcher(self) -> bool:
        """Whether pictures are looked at by a matcher while training."""
        is_compared = self.kind == "vae" and self.perceptual_weight > 0
        return self.projected or is_compared or self.matching_weight > 0
