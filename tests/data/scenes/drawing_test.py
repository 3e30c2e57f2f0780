import numpy as np
import pytest

from keras_imgdesc.data.scenes import SceneGraph, SceneObject, make_scene
from keras_imgdesc.data.scenes.backgrounds import KINDS, draw_background
from keras_imgdesc.data.scenes.drawing import RGB, draw_scene
from keras_imgdesc.data.scenes.scene_object import COLOURS, SHAPES

# Share of its square that each shape fills, by its outline.
FILL = {
    "circle": np.pi / 4,
    "square": 0.81,
    "triangle": 0.4625,
    "star": 0.3086,
    "cross": 0.5644,
    "heart": 0.54,
}


def nearest_colour(pixel: np.ndarray) -> str:
    distances = {c: np.abs(pixel - np.array(RGB[c])).max() for c in COLOURS}
    return min(distances, key=distances.__getitem__)


def is_painted(image: np.ndarray, colour: str) -> np.ndarray:
    return np.abs(image.astype(int) - np.array(RGB[colour])).max(axis=-1) < 25


@pytest.mark.parametrize("split", ["train", "composition"])
def test_the_centre_of_each_object_has_its_colour(split):
    for number in range(150):
        graph, image = make_scene(split, number)
        for item in graph.objects:
            pixel = image[int(item.y * 96), int(item.x * 96)].astype(int)
            assert nearest_colour(pixel) == item.colour, (split, number, item)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("radius", [0.085, 0.19])
@pytest.mark.parametrize("image_size", [96, 224])
def test_every_shape_fills_its_share_of_its_square(shape, radius, image_size):
    item = SceneObject("small", "red", shape, 0.5, 0.4, radius)
    image = draw_scene(SceneGraph((item,)), np.random.default_rng(0), image_size)
    painted = is_painted(image, "red")
    side = 2 * radius * image_size
    # Half-covered pixels at the edge do not count as painted.
    assert painted.sum() == pytest.approx(FILL[shape] * side**2, rel=0.25)
    rows, columns = np.nonzero(painted)
    assert abs(columns.mean() + 0.5 - 0.5 * image_size) < 0.6
    assert np.ptp(columns) + 1 <= side + 1
    assert rows.min() >= 0.4 * image_size - side / 2 - 1
    assert rows.max() < 0.4 * image_size + side / 2 + 1
    if shape in ("circle", "square", "cross"):
        assert abs(rows.mean() + 0.5 - 0.4 * image_size) < 0.6


def test_shapes_of_equal_size_differ():
    masks = {}
    for shape in SHAPES:
        item = SceneObject("small", "red", shape, 0.5, 0.5, 0.085)
        image = draw_scene(SceneGraph((item,)), np.random.default_rng(0))
        masks[shape] = is_painted(image, "red")
    for first in SHAPES:
        for second in SHAPES:
            if first < second:
                differing = (masks[first] ^ masks[second]).sum()
                assert differing > 0.12 * (2 * 0.085 * 96) ** 2, (first, second)


@pytest.mark.parametrize("kind", KINDS)
def test_backgrounds_differ_from_every_colour(kind):
    generator = np.random.default_rng(0)
    for _ in range(30):
        background = draw_background(generator, 48, kind)
        assert background.shape == (48, 48, 3)
        assert background.dtype == np.float32
        # The noise has a standard deviation of 9.
        smooth = background.reshape(12, 4, 12, 4, 3).mean((1, 3))
        # A colour changes by at most 10 per channel.
        nearest = min(
            np.abs(smooth - np.array(rgb)).max(axis=-1).min() for rgb in RGB.values()
        )
        assert nearest > 2 * 10
        assert (smooth.max(-1) - smooth.min(-1)).max() < 50


def test_colours_differ_from_each_other():
    for first in COLOURS:
        for second in COLOURS:
            if first < second:
                distance = np.abs(np.subtract(RGB[first], RGB[second])).max()
                assert distance > 4 * 10, (first, second)
