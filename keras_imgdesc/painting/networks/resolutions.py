"""Sides of pictures that can be painted."""

from keras_imgdesc.errors import InputError

RESOLUTIONS = (32, 64, 128)


def channels_of_maps(resolution: int, width: int, most: int | None = None) -> list[int]:
    """Channels of the maps of side 4, 8, ... up to half the resolution, `most` at most.

    Raises:
        InputError: there is no such resolution, or the width or limit is not positive.
    """
    if resolution not in RESOLUTIONS:
        raise InputError(
            f"resolution must be one of {RESOLUTIONS}",
            "Choose one of them",
            resolution=resolution,
        )
    if width < 1:
        raise InputError("width must be at least 1", "Use 32", width=width)
    if most is not None and most < 1:
        raise InputError(
            "most_channels must be at least 1", "Use 128", most_channels=most
        )
    sides = (resolution // 8).bit_length()
    channels = [width * min(8, 2 ** (sides - 1 - i)) for i in range(sides)]
    return channels if most is None else [min(most, count) for count in channels]
