import numpy as np
import pytest

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.images.stamps import image_stamp
from keras_imgdesc.training.inputs.augmentation import Augmentation
from keras_imgdesc.training.inputs.views import ImageViews


@pytest.fixture
def collection(toy_image):
    good = CaptionedImage("good", None, ("a ramp",), toy_image)
    broken = CaptionedImage("broken", None, ("nothing",), b"no picture")
    return CaptionCollection([good, broken])


def test_the_image_comes_first_and_augmented_versions_follow(collection, toy_image):
    views = ImageViews(collection, 3, Augmentation(True, 0.8, 0.2), 32, seed=0)
    assert len(views) == 6
    assert views.names[:4] == ["good#0", "good#1", "good#2", "broken#0"]
    first, second, third = views[:3]
    assert first is toy_image
    assert second.shape == third.shape == (32, 32, 3) and second.dtype == np.uint8
    assert np.abs(second.astype(int) - third).mean() > 1
    assert views.stamps[:3] == [image_stamp(toy_image)] * 3 != views.stamps[3:]
    # An unreadable image is reported by whoever reads it.
    assert views[3:] == [b"no picture"] * 3


def test_versions_depend_on_seed_and_position_alone(collection):
    how = Augmentation(True, 0.8, 0.2)
    views = ImageViews(collection, 3, how, 32, seed=0)
    again = ImageViews(collection, 3, how, 32, seed=0)
    other = ImageViews(collection, 3, how, 32, seed=1)
    np.testing.assert_array_equal(views[2], again[1:3][1])
    assert (views[2] != other[2]).any()


def test_a_version_can_be_reduced_to_the_size_of_a_painting(collection):
    views = ImageViews(collection, 2, Augmentation(shrink=2), 32, seed=0)
    found = views[1].astype(float)
    # Four pixels, enlarged: a linear blend along each row.
    assert found.shape == (32, 32, 3)
    steps = np.diff(found[:, 9:23], axis=1)
    assert np.abs(np.diff(steps, axis=1)).max() <= 2
