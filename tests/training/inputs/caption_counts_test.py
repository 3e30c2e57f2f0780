import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.inputs.caption_counts import caption_counts
from keras_imgdesc.training.matcher.batches import MatchingBatches
from keras_imgdesc.training.matcher.recipe import MatchingRecipe


def collection(*captions: tuple[str, ...]) -> CaptionCollection:
    image = np.zeros((4, 4, 3), np.uint8)
    return CaptionCollection(
        [CaptionedImage(str(i), None, texts, image) for i, texts in enumerate(captions)]
    )


def test_captions_are_counted():
    assert caption_counts(collection(("a", "b"), ("c",))).tolist() == [2, 1]


def test_an_image_does_not_get_the_captions_of_the_next_one():
    images = collection(("a dog",), (), ("a cat",))
    with pytest.raises(InputError, match="must have a caption.*image='1'"):
        MatchingBatches(
            MatchingRecipe(batch_size=3), images, lambda rows: rows, "image", None, {}
        )
