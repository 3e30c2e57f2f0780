import numpy as np

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.training.captioner.tokenized_captions import (
    TokenizedCaptions,
    tokenize_captions,
)

TOKENIZER = CaptionTokenizer(Vocabulary(["a", "dog", "runs"]), 6)


def collection(*captions: tuple[str, ...]) -> CaptionCollection:
    image = np.zeros((4, 4, 3), np.uint8)
    return CaptionCollection(
        [CaptionedImage(str(i), None, texts, image) for i, texts in enumerate(captions)]
    )


def test_each_caption_has_one_row_whatever_the_others_have():
    found = tokenize_captions(
        collection(("a dog", "a dog runs a dog runs"), ("dog",)), TOKENIZER
    )
    assert found.token_ids.dtype == np.int32
    assert found.token_ids.tolist() == [
        [2, 4, 5, 3, 0, 0],
        [2, 4, 5, 6, 4, 5],
        [2, 5, 3, 0, 0, 0],
    ]
    assert found.image_of.tolist() == [0, 0, 1] and found.num_images == 2
    assert [len(several) for several in found.by_image()] == [2, 1]


def test_captions_take_turns_over_the_epochs():
    captions = TokenizedCaptions(np.zeros((8, 3), np.int32), np.array([5, 2, 1]))
    images = np.arange(3)
    drawn = [captions.choose(images, 2, epoch) for epoch in range(5)]
    assert drawn[0].tolist() == [[0, 1], [5, 6], [7, 7]]
    assert drawn[1].tolist() == [[2, 3], [5, 6], [7, 7]]
    # In five epochs each of five captions is shown twice.
    shown = [row for epoch in drawn for row in epoch[0]]
    assert sorted(shown) == sorted(2 * [0, 1, 2, 3, 4])
    # With as many captions as are shown, every epoch has all of them in order.
    five = TokenizedCaptions(np.zeros((10, 3), np.int32), np.array([5, 5]))
    for epoch in range(3):
        rows = five.choose(np.array([1, 0]), 5, epoch)
        assert rows.tolist() == [[5, 6, 7, 8, 9], [0, 1, 2, 3, 4]]
