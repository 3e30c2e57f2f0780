"""Settings of a recipe that would have no effect."""

import json
from collections.abc import Mapping
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import read_json
from keras_imgdesc.presets.folders import RECIPE_FILE, find_preset, path_in_preset
from keras_imgdesc.training.recipe import Recipe


def refuse_unused(
    recipe: Recipe, reason: str, *names: str, used: Mapping[str, Any] | None = None
) -> None:
    """Refuse settings that have no effect.

    A setting that has its default counts as not set, unless it was changed by name
    (see `Recipe.is_set`).

    Args:
        recipe: the settings.
        reason: why they have no effect, such as "a frozen decoder is not trained".
        *names: fields without effect.
        used: further fields, each with the value that is used instead of the recipe's
            and may therefore be set. Of a field with options, each option counts.

    Raises:
        InputError: naming the settings that are set.

    Example:
    >>> from keras_imgdesc.training.captioner.recipe import CaptionRecipe
    >>> from keras_imgdesc.training.unused_settings import refuse_unused
    >>> recipe = CaptionRecipe(decoder_options={"hidden_dim": 8, "dropout": 0.5})
    >>> used = {"decoder_options": {"hidden_dim": 8, "dropout": 0.1}}
    >>> try:
    ...     refuse_unused(recipe, "the decoder is that of a preset", used=used)
    ... except InputError as error:
    ...     print(error.received)
    {'decoder_options': {'dropout': 0.5}}
    """
    used = used or {}
    unused: dict[str, Any] = {
        name: getattr(recipe, name)
        for name in (*names, *used)
        if recipe.is_set(name) and not isinstance(used.get(name), Mapping)
    }
    unused = {k: v for k, v in unused.items() if k not in used or used[k] != v}
    instead = {name: used[name] for name in unused if name in used}
    for name, options in used.items():
        if isinstance(options, Mapping):
            different = {
                key: value
                for key, value in getattr(recipe, name).items()
                if key not in options or _plain(options[key]) != _plain(value)
            }
            if different:
                unused[name] = different
                instead[name] = {k: options[k] for k in different if k in options}
    if unused:
        values = ", ".join(
            f"{name}={json.dumps(value, default=str)}"
            for name, value in instead.items()
            if value not in ({}, None)
        )
        remedy = f" or set {values}, which is what is used" if values else ""
        raise InputError(
            f"A setting must have an effect, but {reason}",
            f"Remove {', '.join(unused)}{remedy}",
            **unused,
        )


def used_options(
    part: Any, recorded: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options of a part of a preset.

    Args:
        part: layer or model with `get_config`.
        recorded: options in the preset's own recipe, which may name some that a
            configuration lacks, such as the `weights` it started from.
        given: options of the recipe.

    Returns:
        The options; where the recipe's are those that were recorded, these.
    """
    config: dict[str, Any] = part.get_config()
    same = {k: v for k, v in given.items() if k in recorded and recorded[k] == v}
    # Nothing is loaded into a part that already has weights.
    return {"weights": None} | config | same


def recorded_recipe(preset: str | None) -> dict[str, Any]:
    """Return the recipe that a preset was trained by, or nothing if it has none.

    Of a preset that is not there, too: the training that starts from it says so.

    Raises:
        InputError: the recipe is damaged.
    """
    if preset is None:
        return {}
    try:
        folder = find_preset(preset)
    except InputError:
        return {}
    path = path_in_preset(folder, RECIPE_FILE)
    if not path.exists():
        return {}
    remedy = "Copy the preset again, or remove the file"
    return read_json(path, dict[str, Any], remedy=remedy)


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))
