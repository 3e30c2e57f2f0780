import numpy as np
import pytest
from scipy import ndimage

from keras_imgdesc.data.scenes import make_scene
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.scenes.scene_reader import nearest_colours, read_scene
from keras_imgdesc.images import resize_image


@pytest.mark.parametrize("split", ["test", "composition"])
@pytest.mark.parametrize("size", [64, 96])
def test_drawn_scenes_are_read_correctly(split, size):
    for number in range(40):
        graph, image = make_scene(split, number)
        reading = read_scene(resize_image(image, size))
        assert reading.unclear == 0
        for found, drawn in zip(reading.graph.objects, graph.objects, strict=True):
            assert found.words == drawn.words, (split, number)
            assert (found.x, found.y) == pytest.approx((drawn.x, drawn.y), abs=0.015)
        assert reading.graph.relations() == graph.relations()


def test_blurred_and_noisy_scenes_are_read():
    generator = np.random.default_rng(0)
    right = 0
    for number in range(40):
        graph, image = make_scene("test", number)
        soft = ndimage.gaussian_filter(resize_image(image, 64).astype(float), (1, 1, 0))
        noisy = soft + generator.normal(0, 6, soft.shape)
        reading = read_scene(np.rint(noisy.clip(0, 255)).astype(np.uint8))
        words = [item.words for item in graph.objects]
        right += [item.words for item in reading.graph.objects] == words
    assert right >= 37


def test_a_background_has_no_objects_and_a_bar_is_unclear():
    image = np.full((64, 64, 3), 130, np.uint8)
    assert read_scene(image).graph.objects == ()
    image[10:15, 4:60] = (214, 36, 40)
    reading = read_scene(image)
    assert reading.graph.objects == () and reading.unclear == 1
    image[10:15, 6:60] = 130  # only a speck remains
    assert read_scene(image).unclear == 0


def test_a_line_between_two_regions_is_no_region():
    image = np.full((64, 64, 3), 130, np.uint8)
    image[20:40, 10:30] = (214, 36, 40)
    image[20:40, 30] = (248, 132, 20)  # the mixture of red and yellow
    image[20:40, 31:51] = (246, 222, 40)
    reading = read_scene(image)
    assert [item.words[1:] for item in reading.graph.objects] == [
        ("red", "square"),
        ("yellow", "square"),
    ]
    assert reading.unclear == 0


def test_an_image_of_one_colour_is_read_without_an_error():
    assert read_scene(np.full((32, 32, 3), (214, 36, 40), np.uint8)).unclear in (0, 1)


def test_greys_are_not_colours():
    pixels = np.array([[[100, 105, 110], [240, 240, 240], [20, 20, 20], [40, 150, 60]]])
    assert nearest_colours(pixels.astype(np.float32)).tolist() == [[-1, 6, 7, 1]]


@pytest.mark.parametrize(
    "image",
    [np.zeros((64, 64, 3)), np.zeros((64, 60, 3), np.uint8), None]
    + [np.zeros((16, 16, 3), np.uint8)],
)
def test_other_arrays_are_refused(image):
    with pytest.raises(InputError, match="uint8"):
        read_scene(image)
