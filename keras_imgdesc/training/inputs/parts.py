"""Parts that a recipe takes from presets, or builds."""

from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.vision import ImageEncoder, build_encoder


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
    task = load_preset(preset)
    if not hasattr(task, name):
        raise InputError(
            f"{name}_from must be the preset of a {tasks}",
            f"Name one that has a {name}",
            **{f"{name}_from": preset, "task": type(task).__name__},
        )
    return getattr(task, name)
