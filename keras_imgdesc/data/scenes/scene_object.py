"""One coloured shape of a scene."""

from __future__ import annotations

from dataclasses import dataclass

SIZES = ("small", "large")
COLOURS = ("red", "green", "blue", "yellow", "purple", "orange", "white", "black")
SHAPES = ("circle", "square", "triangle", "star", "cross", "heart")

# Pairs of colour and shape that appear only in the split `composition`. Their colours
# and shapes all differ, so that each stays frequent in the other splits.
HELD_OUT = frozenset(
    {
        ("red", "star"),
        ("green", "square"),
        ("blue", "heart"),
        ("yellow", "triangle"),
        ("purple", "circle"),
        ("orange", "cross"),
    }
)


@dataclass(frozen=True)
class SceneObject:
    """A coloured shape at a position.

    Args:
        size: one of `SIZES`.
        colour: one of `COLOURS`.
        shape: one of `SHAPES`.
        x: centre, from 0 at the left to 1 at the right of the image.
        y: centre, from 0 at the top to 1 at the bottom.
        radius: half the width, as a share of the image's width.

    Example:

    >>> from keras_imgdesc.data.scenes import SceneObject
    >>> SceneObject("small", "red", "circle", 0.2, 0.5, 0.1).words
    ('small', 'red', 'circle')
    """

    size: str
    colour: str
    shape: str
    x: float
    y: float
    radius: float

    @property
    def words(self) -> tuple[str, str, str]:
        """`(size, colour, shape)`, the words of a caption for the object."""
        return self.size, self.colour, self.shape

    @property
    def is_held_out(self) -> bool:
        """Whether colour and shape are a pair of `HELD_OUT`."""
        return (self.colour, self.shape) in HELD_OUT
