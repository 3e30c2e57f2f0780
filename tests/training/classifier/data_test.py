import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.classifier.data import (
    epoch_rows,
    hold_out,
    teacher_logits,
)
from keras_imgdesc.training.inputs.augmentation import Augmentation
from keras_imgdesc.training.inputs.views import ImageViews

PIXELS = np.zeros((4, 4, 3), "uint8")


def collection(**counts: int) -> CaptionCollection:
    return CaptionCollection(
        [
            CaptionedImage(f"{name}/{i}", None, (), PIXELS, {"name": name})
            for name, count in counts.items()
            for i in range(count)
        ]
    )


def test_each_class_keeps_its_share():
    images = collection(cat=20, dog=10, bird=1, fox=2)
    train, validation = hold_out(images, 0.2)
    names = [example.extra["name"] for example in validation]
    counts = {name: names.count(name) for name in ("cat", "dog", "bird", "fox")}
    assert counts == {"cat": 4, "dog": 2, "bird": 0, "fox": 1}
    ids = [e.image_id for e in train] + [e.image_id for e in validation]
    assert sorted(ids) == sorted(e.image_id for e in images)
    # It does not depend on the order of the images.
    turned = CaptionCollection(images.examples[::-1])
    assert {e.image_id for e in hold_out(turned, 0.2)[1]} == {
        e.image_id for e in validation
    }
    with pytest.raises(InputError, match="images=2"):
        hold_out(collection(cat=1, dog=1), 0.5)


class Teacher:
    """The mean of each image, as the logit of its only class."""

    def fingerprint(self):
        return "teacher"

    def logits_stream(self, images):
        return ((image, np.array([np.mean(image)])) for image in images)


def test_a_teacher_sees_images_that_were_replaced(tmp_path):
    def logits(pixels):
        images = [CaptionedImage("a", None, (), pixels)]
        views = ImageViews(CaptionCollection(images), 1, Augmentation(), 4, seed=0)
        return teacher_logits(Teacher(), views, tmp_path, progress=False).tolist()

    assert logits(PIXELS) == [[0.0]] and logits(PIXELS + 9) == [[9.0]]
    assert logits(PIXELS + 9) == [[9.0]] and logits(PIXELS) == [[0.0]]
    assert len(list(tmp_path.glob("*.npy"))) == 1


def test_an_epoch_shows_each_image_once_in_some_version():
    rows = np.concatenate(list(epoch_rows(10, 3, 5, seed=0, epoch=0)))
    assert sorted(rows // 3) == list(range(10))
    assert len(set(rows % 3)) > 1
    again = np.concatenate(list(epoch_rows(10, 3, 5, seed=0, epoch=0)))
    np.testing.assert_array_equal(rows, again)
    other = np.concatenate(list(epoch_rows(10, 3, 5, seed=0, epoch=1)))
    assert (rows != other).any()
    assert [len(batch) for batch in epoch_rows(10, 1, 4, 0, 0)] == [4, 4]
