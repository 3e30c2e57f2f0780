import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.training.classifier.data import epoch_rows, teacher_logits
from keras_imgdesc.training.inputs.augmentation import Augmentation
from keras_imgdesc.training.inputs.views import ImageViews

PIXELS = np.zeros((4, 4, 3), "uint8")


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


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[" * 10_000, b"3", b'["a", "b", "c"]', b"[1]", b"\xff", b'{"a": 1}'],
    ids=ascii,
)
def test_damaged_stamps_are_computed_again(tmp_path, content):
    pixels = PIXELS + 9
    images = [CaptionedImage("a", None, (), pixels)]
    views = ImageViews(CaptionCollection(images), 1, Augmentation(), 4, seed=0)
    for suffix in ("json", "npy"):
        teacher_logits(Teacher(), views, tmp_path, progress=False)
        (file,) = tmp_path.glob(f"*.{suffix}")
        whole = file.read_bytes()
        file.write_bytes(content)
        found = teacher_logits(Teacher(), views, tmp_path, progress=False)
        assert found.tolist() == [[9.0]]
        assert file.read_bytes() == whole


def test_an_epoch_shows_each_image_once_in_some_version():
    rows = np.concatenate(list(epoch_rows(10, 3, 5, seed=0, epoch=0)))
    assert sorted(rows // 3) == list(range(10))
    assert len(set(rows % 3)) > 1
    again = np.concatenate(list(epoch_rows(10, 3, 5, seed=0, epoch=0)))
    np.testing.assert_array_equal(rows, again)
    other = np.concatenate(list(epoch_rows(10, 3, 5, seed=0, epoch=1)))
    assert (rows != other).any()
    assert [len(batch) for batch in epoch_rows(10, 1, 4, 0, 0)] == [4, 4]
