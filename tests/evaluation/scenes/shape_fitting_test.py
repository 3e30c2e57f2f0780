import numpy as np
import pytest
from scipy import ndimage

from keras_imgdesc.data.scenes.drawing import draw_cover
from keras_imgdesc.data.scenes.scene_object import SHAPES
from keras_imgdesc.evaluation.scenes.shape_fitting import fit_shape


def draw(shape, x, y, radius, size):
    cover, top, left = draw_cover(shape, x, y, radius, size)
    canvas = np.zeros((size, size), np.float32)
    canvas[top : top + cover.shape[0], left : left + cover.shape[1]] = cover
    return canvas


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("size", "radius"), [(64, 0.09), (96, 0.17)])
def test_a_drawn_shape_is_found_at_its_position(shape, size, radius):
    fit = fit_shape(draw(shape, 0.42, 0.57, radius, size))
    assert fit.shape == shape and fit.overlap > 0.85
    assert fit.radius == pytest.approx(radius, rel=0.1)
    assert (fit.x, fit.y) == pytest.approx((0.42, 0.57), abs=0.01)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_blurred_shape_is_recognised(shape):
    cover = ndimage.gaussian_filter(draw(shape, 0.5, 0.5, 0.1, 64), 1.0)
    assert fit_shape(cover).shape == shape


def test_a_bar_fits_no_shape():
    bar = np.zeros((64, 64))
    bar[10:14, 5:60] = 1
    assert fit_shape(bar).overlap < 0.4
