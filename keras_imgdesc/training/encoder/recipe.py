"""The settings of a VGG16's distillation."""

from dataclasses import dataclass, field
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.recipe import Recipe, refuse_unknown


@dataclass(frozen=True)
class DistillationPhase:
    """A part of the training with one set of blocks, resolution and schedule.

    Attributes:
        name: name of the phase in `metrics.csv` and on the screen.
        first_block: first VGG16 block trained. Above 1, its input is the teacher's map
            that corresponds to the output of the block before it.
        last_block: last VGG16 block trained, 3 or 5.
        image_size: side of the crops that the student sees, in pixels.
        crop_scale: smallest and largest side of a crop, as a share of the image's.
        steps: optimizer steps.
        batch_size: crops per step.
        learning_rate: peak; linear warm-up over the first 8 % of the steps, then half
            a cosine to 2 % of the peak.
        frozen_below: blocks before this one are frozen.
        hint_weight: weight of the losses at the ends of inner blocks.
    """

    name: str
    first_block: int
    last_block: int
    image_size: int
    crop_scale: tuple[float, float]
    steps: int
    batch_size: int
    learning_rate: float
    frozen_below: int = 1
    hint_weight: float = 0.5


@dataclass(frozen=True)
class DistillationRecipe(Recipe):
    """Settings of `distill_encoder`, saved as JSON beside its result.

    Attributes:
        phases: run in order; each starts from the weights of the one before.
        tail_weight: weight of the loss on the output of the teacher's next block,
            applied to the student's last map: it covers what the teacher goes on to
            use.
        seed: seed of initial weights, crops and colours.
        steps_per_epoch: steps between two checkpoints.
        precision: `"auto"` or a Keras dtype policy, see `choose_precision`.
        folder_weights: relative share of the crops from each folder of images, in the
            order of the folders; empty for shares by the number of images.
        start_from: initial weights of the first phase, see `VGG16Encoder(weights=...)`,
            for an input scale of 64; `None` for random ones.
        notes: command, time, machine and score of the run that was kept.

    Raises:
        InputError: a setting is out of range.
    """

    phases: tuple[DistillationPhase, ...]
    tail_weight: float = 1.0
    seed: int = 0
    steps_per_epoch: int = 50
    precision: str = "auto"
    folder_weights: tuple[float, ...] = ()
    start_from: str | None = None
    notes: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least(steps_per_epoch=1)

    @classmethod
    def decode(cls, values: dict[str, Any], source: str = "") -> dict[str, Any]:
        """Return the arguments for JSON values: lists become tuples and phases.

        Raises:
            InputError: a phase is incomplete, or a folder's weight is not a number.
        """
        try:
            phases = tuple(_phase(phase, source) for phase in values["phases"])
            weights = tuple(float(w) for w in values.get("folder_weights", ()))
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                "A distillation recipe must have a list of complete phases, and "
                "numbers as folder_weights",
                f"Correct it; reading it failed with: {error!r}",
                path=source,
            ) from error
        return values | {"phases": phases, "folder_weights": weights}


def _phase(values: Any, source: str) -> DistillationPhase:
    if not isinstance(values, dict):
        raise TypeError(f"a phase must be an object, not {values!r}")
    refuse_unknown(DistillationPhase, values, source)
    return DistillationPhase(**values | {"crop_scale": tuple(values["crop_scale"])})
