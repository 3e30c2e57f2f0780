"""Names in presets of earlier versions, and the names that replaced them.

A part, layer or weight that is renamed gets an entry here: presets saved before are
then read as if they had been saved today.
"""

from __future__ import annotations

from typing import Any

# A part of a task: its key in `config.json` and the first component of the paths of
# its weights.
PARTS = {"encoder": "image_encoder"}

# Consecutive components of a weight's path, anywhere behind the part.
LAYERS: dict[str, str] = {
    "prior/enter": "prior/noise_projection",
    "prior/said": "prior/condition_projection",
    "prior/clock": "prior/time_projection",
    "prior/told": "prior/context",
    "prior/leave": "prior/output_projection",
}


def with_current_parts(config: dict[str, Any]) -> dict[str, Any]:
    """Return a preset's configuration with the current names of its parts.

    Args:
        config: the contents of `config.json`, of any version.

    Example:

    >>> with_current_parts({"task": "ImageCaptioner", "encoder": {}})
    {'task': 'ImageCaptioner', 'image_encoder': {}}
    """
    return {PARTS.get(key, key): value for key, value in config.items()}


def current_path(path: str) -> str:
    """Return the path that a weight, or a group of weights, has today.

    Args:
        path: the path in a file of any version.

    Example:

    >>> current_path("encoder/block1_conv1/kernel")
    'image_encoder/block1_conv1/kernel'
    """
    part, _, rest = path.partition("/")
    rest = f"/{rest}/"
    for old, new in LAYERS.items():
        rest = rest.replace(f"/{old}/", f"/{new}/")
    return PARTS.get(part, part) + rest.rstrip("/")
