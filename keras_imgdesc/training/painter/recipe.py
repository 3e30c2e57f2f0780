"""The settings that every training of a painter has."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.learning.objective import PainterObjective
from keras_imgdesc.training.recipe import Recipe

OPTIMIZERS = ("adam", "muon")
BALANCES = ("image", "caption", "class")


@dataclass(frozen=True)
class PainterRecipe(Recipe, PainterObjective, ABC):
    """Settings of `train_painter` that both kinds share; saved as `recipe.json`.

    A recipe is a `GanRecipe` or a `VaeRecipe`. `from_json` and `from_dict` of this
    class choose by the field `"kind"`, which is `"dcgan"` where it is missing. A field
    of the other kind is refused, unless it has its default, as in files of earlier
    versions.

    The weights of losses in `PainterObjective` are settings, too. A matching loss needs
    a matcher in `text_encoder_from`.

    Attributes:
        kind: `"dcgan"` or `"vae"`.
        text_encoder_from: preset of a matcher, whose text encoder is used.
        resolution: side of the images in pixels: 32, 64 or 128.
        generator_from: preset of a painter with the same text encoder, whose generator
            training starts from; None starts from new weights. Of `generator_options`
            only `refined_size` may then be set; see `Generator.refined`.
        generator_options: arguments of `Generator`, except those that other settings
            decide.
        attend_words: whether the generator attends to single words; see `Generator`.
        epochs: number of epochs.
        steps_per_epoch: upper limit of an epoch's steps; None trains on every image.
        batch_size: images per step.
        balance: what is drawn equally often: each `"image"` with one of its captions,
            each `"caption"`, or each `"class"` (images of the same
            `extra[class_key]`).
        class_key: see `balance`. Where images have a class, an image's mismatched
            texts are those of another class.
        matching_after: epochs before the matching loss is switched on: a matcher that
            scores noise is fooled by patterns that no one would call an image.
        temperature: factor of the noise when painting; see `Generator`. Training uses
            1.
        whiten: floor of the variance of sentences in `SentenceWhitening.adapt`, which
            decides how much small directions are amplified; 0 does not whiten.
        optimizer: optimizer of the generator and the VAE's encoder: `"adam"` or
            `"muon"` (`ConvMuon`).
        adam_share: learning rate of what Muon leaves to Adam, as a share of
            `learning_rate`.
        jit_compile: whether XLA compiles the step.
        learning_rate: peak learning rate of the generator.
        beta_1, beta_2: decay rates of every Adam.
        warm_up_steps: steps of linear warm-up, at most a fifth of all steps.
        final_share: learning rate at the end of the half cosine, as a share of the
            peak; 1 keeps the peak.
        seed: seed of weights, order, noise and augmentation.
        precision: `"auto"` or the name of a Keras dtype policy.
        metrics: metrics of the painted validation texts, computed every
            `metrics_every` epochs: `"r_precision"` and `"fid"` (in the features of the
            matcher's image encoder), which need a matcher in `text_encoder_from`, and
            for Scenes `"scene_objects"`, `"scene_exact"` and the like.
        metrics_every: epochs from one evaluation to the next.
        metric: one of `metrics`, by which the preset is chosen; None keeps the last
            epoch. The best painter by every other metric is kept in `best/`.
        validation_images: number of validation images.
        sample_texts: number of texts on the contact sheet painted after each epoch.
        samples_per_text: number of images of each of these texts.
        diversity_floor: mean distance of two images of one text below which the run
            counts as collapsed.
        collapse_patience: number of consecutive collapsed epochs, or of epochs with a
            discriminator loss of about zero, after which the run stops.
        notes: command, time, machine and score of a run that was published.
    """

    KINDS: ClassVar[dict[str, type["PainterRecipe"]]] = {}
    # Arguments of models that other settings decide, by field.
    DECIDED: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "generator_options": (
            "sentence_dim",
            "resolution",
            "word_dim",
            "sharpening_rounds",
            "temperature",
        )
    }

    kind: str = ""
    text_encoder_from: str = "scenes_matcher"
    resolution: int = 64
    generator_from: str | None = None
    generator_options: dict[str, Any] = field(default_factory=dict)
    attend_words: bool = False
    epochs: int = 100
    steps_per_epoch: int | None = None
    batch_size: int = 64
    balance: str = "image"
    class_key: str = "label"
    divergence_weight: float = 0.01
    matching_after: int = 0
    temperature: float = 1.0
    whiten: float = 0.01
    optimizer: str = "adam"
    adam_share: float = 0.5
    jit_compile: bool = False
    learning_rate: float = 2e-4
    beta_1: float = 0.0
    beta_2: float = 0.99
    warm_up_steps: int = 100
    final_share: float = 0.1
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

    def __init_subclass__(cls, kind: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        PainterRecipe.KINDS[kind] = cls

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.KINDS.get(self.kind) is not type(self):
            raise InputError(
                "The kind and the class of a recipe must belong together",
                "Use PainterRecipe.from_dict, which chooses the class by kind",
                recipe=type(self).__name__,
                kind=self.kind,
            )
        self.require_at_least(
            epochs=1,
            batch_size=2,
            matching_after=0,
            metrics_every=1,
            validation_images=1,
            sample_texts=1,
            samples_per_text=2,
            collapse_patience=1,
        )
        if self.steps_per_epoch is not None:
            self.require_at_least(steps_per_epoch=1)
        self.require_one_of(balance=BALANCES, optimizer=OPTIMIZERS)
        self.require_below_one("average_decay")
        self._check_options()
        if not 0 < self.temperature <= 10:
            raise InputError(
                "temperature must be above 0 and at most 10",
                "Use 1 to paint from the noise of training, or less for images that "
                "are more typical",
                temperature=self.temperature,
            )
        if self.metric is not None and self.metric not in self.metrics:
            raise InputError(
                "metric must be one of metrics",
                "Add it to metrics",
                metric=self.metric,
                metrics=self.metrics,
            )
        if "float16" in self.precision.replace("bfloat16", ""):
            raise InputError(
                "The losses of a painter are not scaled, which float16 needs",
                "Use mixed_bfloat16 or float32",
                precision=self.precision,
            )

    def _check_options(self) -> None:
        for name, arguments in self.DECIDED.items():
            options = getattr(self, name)
            if decided := {n: options[n] for n in arguments if n in options}:
                raise InputError(
                    f"{name} cannot set what other settings decide",
                    f"Remove {sorted(decided)} from {name}; see resolution, "
                    "attend_words, text_encoder_from, sharpening_rounds, temperature "
                    "and generator_options",
                    **decided,
                )
        if self.generator_from is not None and (
            self.generator_options.keys() - {"refined_size"}
        ):
            raise InputError(
                "The generator of generator_from already has its shape",
                "Remove all but refined_size from generator_options, or remove "
                "generator_from",
                generator_from=self.generator_from,
                generator_options=self.generator_options,
            )

    @property
    def needs_matcher(self) -> bool:
        """Whether a loss or the discriminator needs a matcher."""
        return self.matching_weight > 0

    @abstractmethod
    def objective(self, epoch: int | None = None) -> PainterObjective:
        """Return the objective of an epoch, counted from 0; None is the last one's."""

    def matching_weight_of(self, epoch: int | None) -> float:
        """Return the weight of the matching loss in an epoch."""
        is_on = epoch is None or epoch >= self.matching_after
        return self.matching_weight if is_on else 0.0

    # === JSON ===

    def to_json(self) -> str:
        """Return the recipe as the text of a JSON file, its kind first."""
        values = json.loads(super().to_json())
        return json.dumps({"kind": values.pop("kind")} | values, indent=2) + "\n"

    @classmethod
    def family(cls) -> type[Any]:
        """Return this class: a change of `kind` leads to another subclass."""
        return PainterRecipe

    @classmethod
    def class_of(cls, values: Mapping[str, Any], source: str = "") -> type[Self]:
        """Return the class of the recipe's kind.

        Raises:
            InputError: the kind is unknown.
        """
        if cls is not PainterRecipe:
            return cls
        kind = values.get("kind", "dcgan")
        if not isinstance(kind, str) or kind not in cls.KINDS:
            raise InputError(
                f"kind must be one of {list(cls.KINDS)}",
                f"Use one of {list(cls.KINDS)}",
                path=source,
                kind=kind,
            )
        return cls.KINDS[kind]  # type: ignore[return-value]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = "") -> Self:
        """Build a `GanRecipe` or a `VaeRecipe`; see `Recipe.from_dict`."""
        chosen = cls.class_of(values, source)
        own = chosen.defaults()
        for kind, other in cls.KINDS.items():
            fields = other.upgrade(chosen.upgrade(values)).keys()
            foreign = (fields & other.defaults()) - own.keys()
            if foreign:
                raise InputError(
                    f"{chosen.__name__} has no such fields; {other.__name__} has",
                    f"Remove them, or set kind to {kind!r}",
                    path=source,
                    fields=sorted(foreign),
                )
        return super().from_dict(values, source)

    @classmethod
    def upgrade(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of an earlier version's file under today's names.

        Before there were kinds, a file had the fields of both; those of the other kind
        are dropped where they have their default.
        """
        found = super().upgrade(values)
        if found.get("balance") == "picture":
            found["balance"] = "image"
        own = cls.defaults()
        for other in cls.KINDS.values():
            defaults = other.defaults()
            for name, value in list(found.items()):
                current = other.RENAMED.get(name, name)
                if current not in own and defaults.get(current, own) == value:
                    del found[name]
        return found
