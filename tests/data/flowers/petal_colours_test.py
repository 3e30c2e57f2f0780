import numpy as np
import pytest

from keras_imgdesc.data.flowers import petal_colours
from keras_imgdesc.data.flowers.petal_colours import COLOURS, name_colours

PLAIN = {
    "red": (205, 25, 30),
    "pink": (235, 130, 175),
    "purple": (120, 50, 170),
    "blue": (60, 90, 210),
    "yellow": (245, 215, 30),
    "orange": (245, 130, 20),
    "white": (245, 245, 240),
}
GREEN = (45, 105, 35)


def flower(*colours: str, ground=GREEN) -> np.ndarray:
    """Draw a round flower in the middle with stripes of the colours."""
    rows, columns = np.mgrid[0:96, 0:96]
    image = np.full((96, 96, 3), ground, np.uint8)
    inside = (rows - 48) ** 2 + (columns - 48) ** 2 < 34**2
    for index, colour in enumerate(colours):
        image[inside & (rows // 6 % len(colours) == index)] = PLAIN[colour]
    return image


@pytest.mark.parametrize("colour", COLOURS)
def test_a_flower_of_one_colour(colour):
    assert petal_colours(flower(colour)) == (colour,)


def test_two_colours_are_named_the_more_frequent_first():
    assert set(petal_colours(flower("red", "white"))) == {"red", "white"}
    assert petal_colours(flower("purple", "purple", "yellow"))[0] == "purple"
    assert petal_colours(flower("pink", *["white"] * 6)) == ("white",)


def test_leaves_stems_and_shadows_are_not_petals():
    dull = np.array([[GREEN, (110, 75, 45), (100, 100, 105), (15, 12, 14)]], np.uint8)
    assert (name_colours(dull) == -1).all()
    assert petal_colours(np.full((64, 64, 3), GREEN, np.uint8)) == ()


def test_colours_of_the_background_count_less():
    sky = (110, 160, 235)
    assert petal_colours(flower("yellow", ground=sky))[0] == "yellow"
