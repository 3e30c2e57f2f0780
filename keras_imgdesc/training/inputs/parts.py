"""Parts that a recipe takes from presets, or builds."""

from collections.abc import Mapping, Sequence
from typing import Any

from keras_imgdesc.backend import global_policy
from keras_imgdesc.errors import InputError
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.training.unused_settings import recorded_recipe, used_options
from keras_imgdesc.vision import ENCODERS, ImageEncoder, build_encoder


def image_encoder_of(recipe: Any) -> ImageEncoder:
    """Return the image encoder of a recipe.

    Args:
        recipe: settings with `image_encoder_from`, `encoder` and `encoder_options`.

    Raises:
        InputError: the preset has no image encoder, or an option is unknown.
    """
    if not recipe.image_encoder_from:
        return build_encoder(recipe.encoder, **recipe.encoder_options)
    encoder: ImageEncoder = part_of_preset(
        recipe.image_encoder_from, "image_encoder", "captioner, matcher or classifier"
    )
    if "image_size" in recipe.encoder_options:
        encoder = encoder.resized(recipe.encoder_options["image_size"])
    encoder.set_trainable_from(recipe.encoder_options.get("trainable_from"))
    return encoder


def part_of_preset(preset: str, name: str, tasks: str) -> Any:
    """Return a part of a preset's task.

    Args:
        preset: name or folder of the preset.
        name: name of the part.
        tasks: the tasks that have it, for the message.

    Raises:
        InputError: there is no such preset, or its task lacks the part.
    """
    return part_of(load_preset(preset, global_policy()), preset, name, tasks)


def part_of(task: Any, preset: str, name: str, tasks: str) -> Any:
    """Return a part of a task that was loaded; see `part_of_preset`."""
    if not hasattr(task, name):
        raise InputError(
            f"{name}_from must be the preset of a {tasks}",
            f"Name one that has a {name}",
            **{f"{name}_from": preset, "task": type(task).__name__},
        )
    return getattr(task, name)


def name_of(part: Any, registry: Mapping[str, type]) -> str | None:
    """Return the name of a part's class in a registry, if it is there."""
    return next((name for name, kind in registry.items() if kind is type(part)), None)


def used_encoder(
    recipe: Any,
    encoder: Any,
    preset: str | None = None,
    kept: Sequence[str] = ("trainable_from", "image_size"),
) -> dict[str, Any]:
    """Return the settings of an image encoder that comes from a preset.

    Args:
        recipe: settings with `encoder` and `encoder_options`.
        encoder: the encoder.
        preset: the preset it comes from; `None` takes the recipe's
            `image_encoder_from`.
        kept: options of the recipe that have an effect nevertheless.

    Returns:
        `encoder` and `encoder_options`, see `refuse_unused`.
    """
    preset, given = preset or recipe.image_encoder_from, recipe.encoder_options
    recorded = recorded_recipe(preset).get("encoder_options", {})
    options = used_options(encoder, recorded, given)
    if given.get("weights") == preset:
        options["weights"] = preset
    options |= {name: given[name] for name in kept if name in given}
    return {"encoder": name_of(encoder, ENCODERS), "encoder_options": options}
