"""Sides of pictures that can be painted."""

from keras_imgdesc.errors import InputError

RESOLUTIONS = (32, 64, 128)


def channels_of_maps(resolution: int, width: int) -> list[int]:
    """Channels of the maps of side 4, 8, ... up to half the resolution.

    Raises:
        InputError: there is no such resolution, or the width is not positive.
    """
    if resolution not in RESOLUTIONS:
        raise InputError(
            f"resolution must be one of {RESOLUTIONS}",
            "Choose one of them",
            resolution=resolution,
        )
    if width < 1:
        raise InputError("width must be at least 1", "Use 32", width=width)
    sides = (resolution // 8).bit_length()
    return [width * min(8, 2 ** (sides - 1 - i)) for i in range(sides)]
