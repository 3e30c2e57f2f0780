import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    drop_unreadable,
    load_real_images,
    sample_evenly,
    select_sheet_texts,
    select_texts,
)

BROKEN = CaptionedImage("broken", None, ("a",), b"none")


def collection(count: int) -> CaptionCollection:
    return CaptionCollection(
        [
            CaptionedImage(
                str(i), None, (f"a{i}", f"b{i}", f"c{i}"), np.full((9, 9), i, np.uint8)
            )
            for i in range(count)
        ]
    )


def test_every_wording_takes_its_turn():
    assert select_texts(collection(4)) == ["a0", "b1", "c2", "a3"]
    assert select_texts(collection(4), 2) == ["a0", "b1"]
    with pytest.raises(InputError, match="texts=0"):
        select_texts(CaptionCollection([]))


def test_the_texts_of_a_sheet_span_the_collection():
    assert select_sheet_texts(collection(7), 3) == ["a0", "a3", "a6"]
    assert len(select_sheet_texts(collection(7))) == 7


def test_real_images_are_resized_to_the_given_size():
    images = load_real_images(collection(5), 4, limit=3)
    assert images.shape == (3, 4, 4, 3) and images.dtype == np.uint8
    assert images[:, 0, 0, 0].tolist() == [0, 1, 2]
    with pytest.raises(ImageError):
        load_real_images(CaptionCollection([BROKEN]), 4)


def test_a_sample_spans_the_collection():
    chosen = sample_evenly(collection(9), 3)
    assert [e.image_id for e in chosen] == ["0", "4", "8"]
    assert len(sample_evenly(collection(2), 3)) == 2
    assert len(sample_evenly(collection(4))) == 4


def test_unreadable_images_are_dropped_and_named():
    found, failed = drop_unreadable(CaptionCollection([BROKEN, *collection(2)]))
    assert [e.image_id for e in found] == ["0", "1"] and list(failed) == ["broken"]
    with pytest.raises(InputError, match="images=1"):
        drop_unreadable(CaptionCollection([BROKEN]))
