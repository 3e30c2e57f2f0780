"""How a generator is trained."""

from dataclasses import dataclass, field
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.generation.feature_distance import VGG16_LAYERS
from keras_imgdesc.generation.losses import ADVERSARIAL_LOSSES
from keras_imgdesc.generation.picture_changes import CHANGES
from keras_imgdesc.training.recipe_file import Recipe

KINDS = ("dcgan", "vae")
OPTIMIZERS = ("adam", "muon")
BALANCES = ("picture", "caption", "class")
# Arguments of the models that other settings decide.
SETTLED = {
    "generator_options": ("sentence_dim", "resolution", "word_dim"),
    "discriminator_options": ("encoder", "sentence_dim", "resolution"),
    "encoder_options": ("sentence_dim", "resolution", "noise_dim"),
}


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
        least = {
            "epochs": 1,
            "batch_size": 2,
            "hard_mismatch": 0,
            "matching_images": 0,
            "matching_after": 0,
            "generator_after": 0,
            "noise_warm_up": 0,
            "penalty_every": 1,
            "metrics_every": 1,
            "validation_images": 1,
            "sample_texts": 1,
            "samples_per_text": 2,
            "collapse_patience": 1,
        }
        if self.steps_per_epoch is not None:
            least["steps_per_epoch"] = 1
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise InputError(
                    f"{name} must be at least {smallest}",
                    "Use a larger one",
                    **{name: getattr(self, name)},
                )
        for name, choices in (
            ("kind", KINDS),
            ("balance", BALANCES),
            ("loss", ADVERSARIAL_LOSSES),
            ("optimizer", OPTIMIZERS),
        ):
            if getattr(self, name) not in choices:
                raise InputError(
                    f"{name} must be one of {choices}",
                    "Choose one of them",
                    **{name: getattr(self, name)},
                )
        for part, names in SETTLED.items():
            options = getattr(self, part)
            if settled := {n: options[n] for n in names if n in options}:
                raise InputError(
                    f"{part} may not set what other settings decide",
                    "Leave it out; see resolution, attend_words, text_encoder_from "
                    "and generator_options",
                    **settled,
                )
        judged = {
            name: getattr(self, name)
            for name in (
                "anchor_weight",
                "contrast_weight",
                "penalty_weight",
                "projected",
            )
        }
        if self.kind == "vae" and any(judged.values()):
            raise InputError(
                "A VAE has no discriminator",
                "Leave these settings out, or train a dcgan",
                **judged,
            )
        if self.generator_after and (self.kind != "vae" or not self.generator_from):
            raise InputError(
                "Only a VAE that begins with a generator can leave it alone at first",
                "Name it in generator_from, or set generator_after to 0",
                kind=self.kind,
                generator_after=self.generator_after,
                generator_from=self.generator_from,
            )
        prior_layers = self.generator_options.get("prior_layers", 0)
        is_known = self.kind != "vae" or self.generator_from is None
        if is_known and bool(self.prior_epochs) != bool(
            prior_layers and self.kind == "vae"
        ):
            raise InputError(
                "A VAE's noise prior has layers and epochs in which they are fitted",
                "Set prior_epochs and generator_options['prior_layers'], or neither; "
                "a dcgan has them from generator_from alone",
                kind=self.kind,
                prior_epochs=self.prior_epochs,
                prior_layers=prior_layers,
            )
        if not set(self.changes) <= set(CHANGES):
            raise InputError(
                f"changes must be some of {CHANGES}",
                "Choose of them",
                changes=self.changes,
            )
        if not 0 <= self.average_decay < 1:
            raise InputError(
                "average_decay must be from 0 to below 1",
                "Use 0.999, or 0 for no average",
                average_decay=self.average_decay,
            )
        if self.metric is not None and self.metric not in self.metrics:
            raise InputError(
                "metric must be one of metrics",
                "Add it to them",
                metric=self.metric,
                metrics=self.metrics,
            )
        if self.generator_from is not None and (
            self.generator_options.keys() - {"refined_size"}
        ):
            raise InputError(
                "A generator that there is already has its form",
                "Leave all but refined_size out of generator_options, or leave out "
                "generator_from",
                generator_from=self.generator_from,
                generator_options=self.generator_options,
            )
        if self.anchor_weight and self.generator_from is None:
            raise InputError(
                "The anchor is the generator that training begins with",
                "Name it in generator_from, or set anchor_weight to 0",
                anchor_weight=self.anchor_weight,
                generator_from=self.generator_from,
            )
        if self.hard_mismatch and not self.exchangeable:
            raise InputError(
                "Hard mismatches are made of phrases that can be exchanged",
                "Set exchangeable, for example [['red', 'blue'], ['left', 'right']]",
                exchangeable=self.exchangeable,
            )
        if "float16" in self.precision.replace("bfloat16", ""):
            raise InputError(
                "Losses of a generator are not scaled, which float16 needs",
                "Use mixed_bfloat16 or float32",
                precision=self.precision,
            )

    @property
    def needs_matcher(self) -> bool:
        """Whether pictures are looked at by a matcher while training."""
        is_compared = self.kind == "vae" and self.perceptual_weight > 0
        return self.projected or is_compared or self.matching_weight > 0
