"""Checks of the options of decoders."""

from __future__ import annotations

from collections.abc import Sequence

from keras_imgdesc.errors import InputError


def check_sizes(**sizes: int) -> None:
    """Refuse sizes below 1.

    Raises:
        InputError: a size is not positive.
    """
    for name, size in sizes.items():
        if size < 1:
            raise InputError(
                f"{name} must be at least 1", f"Use a positive {name}", **{name: size}
            )


def check_rates(**rates: float) -> None:
    """Refuse dropout rates outside [0, 1).

    Raises:
        InputError: a rate is out of range.
    """
    for name, rate in rates.items():
        if not 0 <= rate < 1:
            raise InputError(
                f"{name} must be in [0, 1)", "Use for example 0.3", **{name: rate}
            )


def check_heads(num_heads: int, **widths: int) -> None:
    """Refuse widths that attention heads cannot share evenly.

    Raises:
        InputError: a width is not a multiple of `num_heads`.
    """
    for name, width in widths.items():
        if width % num_heads:
            raise InputError(
                f"num_heads must divide {name}",
                f"Use a multiple of num_heads as {name}",
                num_heads=num_heads,
                **{name: width},
            )


def check_feature_map_shape(shape: Sequence[int | None]) -> None:
    """Refuse anything but three sizes.

    Raises:
        InputError: the number of sizes is not 3, or one is missing or not positive.
    """
    if len(shape) != 3 or not all(size and size > 0 for size in shape):
        raise InputError(
            "feature_map_shape must be (rows, columns, channels)",
            "Pass the encoder's feature_map_shape",
            feature_map_shape=tuple(shape),
        )
