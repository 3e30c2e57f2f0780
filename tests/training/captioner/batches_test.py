import numpy as np
import pytest

from keras_imgdesc.training.captioner.batches import count_batches, epoch_batches
from keras_imgdesc.training.captioner.tokenized_captions import TokenizedCaptions
from keras_imgdesc.training.inputs.augmentation import Augmentation

TOKEN_IDS = np.zeros((6, 2, 5), np.int32)
TOKEN_IDS[..., 0] = 2
TOKEN_IDS[..., 1] = 10 + np.arange(12).reshape(6, 2)
TOKEN_IDS[..., 2] = 3
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
PIXELS[:, 0, 0, 0] = np.arange(6)
CAPTIONS = TokenizedCaptions(TOKEN_IDS.reshape(12, 5), np.full(6, 2))


def epoch(number=0, seed=0, captions_per_image=1, augmentation=None, batch_size=4):
    return list(
        epoch_batches(
            lambda indices: PIXELS[indices],
            "image",
            CAPTIONS,
            batch_size=batch_size,
            captions_per_image=captions_per_image,
            seed=seed,
            epoch=number,
            augmentation=augmentation,
        ).as_numpy_iterator()
    )


@pytest.mark.parametrize("captions_per_image", [1, 2])
def test_an_epoch_has_every_caption_once_with_its_image(captions_per_image):
    found = []
    for inputs, target, weights in epoch(captions_per_image=captions_per_image):
        images = np.repeat(inputs["image"][:, 0, 0, 0], captions_per_image)
        np.testing.assert_array_equal(inputs["token_ids"][:, 1], target[:, 0])
        # Word 10 + 2 i or 11 + 2 i belongs to image i.
        np.testing.assert_array_equal((target[:, 0] - 10) // 2, images)
        np.testing.assert_array_equal(weights, target != 0)
        found += target[:, 0].tolist()
    assert sorted(found) == list(range(10, 22))


def test_one_image_with_many_captions_does_not_repeat_those_of_others():
    # One image with 101 captions among 35 with one.
    counts = np.array([101] + [1] * 35)
    token_ids = np.full((136, 5), 3, np.int32)
    token_ids[:, 1] = 10 + np.arange(136)
    captions = TokenizedCaptions(token_ids, counts)
    assert count_batches(captions, 8, 1) == 17
    batches = epoch_batches(
        lambda images: images.astype(np.float32)[:, None],
        "feature_map",
        captions,
        batch_size=8,
        captions_per_image=1,
        seed=0,
        epoch=0,
    )
    found = {
        int(word): int(image)
        for inputs, target, _ in batches.as_numpy_iterator()
        for word, image in zip(target[:, 0], inputs["feature_map"][:, 0])
    }
    assert found == {10 + i: max(0, i - 100) for i in range(136)}


def test_order_depends_on_seed_and_epoch_alone():
    def order(**kwargs):
        return [batch[1][:, 0].tolist() for batch in epoch(**kwargs)]

    assert order() == order()
    assert order() != order(number=1)
    assert order() != order(seed=1)


def test_augmentation_depends_on_seed_and_epoch_alone():
    how = Augmentation(flip=True, crop=0.7, colour=0.5)
    first, again = epoch(augmentation=how), epoch(augmentation=how)
    for a, b in zip(first, again):
        np.testing.assert_array_equal(a[0]["image"], b[0]["image"])
    other = epoch(augmentation=how, number=1)
    assert np.abs(first[0][0]["image"] - other[0][0]["image"]).max() > 1
