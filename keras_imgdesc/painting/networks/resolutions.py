"""The resolutions of painted images, and the widths of their maps."""

from keras_imgdesc.errors import InputError

RESOLUTIONS = (32, 64, 128)


def channels_of_maps(resolution: int, width: int, most: int | None = None) -> list[int]:
    """Return the channels of the maps of side 4, 8, ... up to half the resolution.

    Args:
        resolution: side of the image: 32, 64 or 128.
        width: channels of the last map; each map has twice as many as the next, at most
            eight times `width`.
        most: upper limit of the channels; None sets none.

    Raises:
        InputError: the resolution is unknown, or `width` or `most` is not positive.

    Example:

    >>> from keras_imgdesc.painting.networks.resolutions import channels_of_maps
    >>> channels_of_maps(64, width=10, most=60)
    [60, 40, 20, 10]
    """
    if resolution not in RESOLUTIONS:
        raise InputError(
            f"resolution must be one of {list(RESOLUTIONS)}",
            f"Use one of {list(RESOLUTIONS)}",
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
