import numpy as np
import pytest

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.painter import GanRecipe
from keras_imgdesc.training.painter.batches import PainterBatches
from keras_imgdesc.training.painter.texts import PainterTexts

# Of two classes, one with a picture in six, and a text that two pictures share.
CAPTIONS = [("a", "b"), ("c",), ("d", "e", "f"), ("a",), ("g",), ("h",)]
LABELS = [0, 0, 0, 0, 0, 1]


def make(with_labels: bool = False, text_id=None, **changes) -> PainterBatches:
    collection = CaptionCollection(
        [
            CaptionedImage(
                str(i),
                None,
                captions,
                np.full((4, 4, 3), i, "uint8"),
                {"label": LABELS[i]} if with_labels else {},
            )
            for i, captions in enumerate(CAPTIONS)
        ]
    )
    names = sorted({c for captions in CAPTIONS for c in captions})
    of_caption = np.array([names.index(c) for captions in CAPTIONS for c in captions])
    # The sentence of a text is its number; mismatches are 100 and more.
    sentences = np.arange(10, dtype="float32")[:, None]
    mismatches = np.tile([8, 9], (len(names), 1))
    mismatches[2] = -1
    recipe = GanRecipe(**{"batch_size": 3} | changes)
    mismatches = mismatches[:, : recipe.hard_mismatch]
    text_id = np.arange(10) if text_id is None else np.array(text_id)
    texts = PainterTexts(sentences, None, of_caption, text_id, mismatches)
    images = np.stack([e.image for e in collection])
    return PainterBatches(recipe, collection, images, texts, 5)


def same(one, other) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_a_batch_is_a_function_of_seed_epoch_and_step():
    first, again = (list(make().epoch(3)) for _ in range(2))
    assert len(first) == 2 and all(same(*pair) for pair in zip(first, again))
    assert not same(first[0], first[1])
    assert not same(first[0], next(iter(make().epoch(4))))
    assert not same(first[0], next(iter(make(seed=1).epoch(3))))


def test_an_epoch_has_each_image_with_one_of_its_captions():
    batches = make()
    for epoch in range(5):
        drawn = []
        for batch in batches.epoch(epoch):
            for image, sentence in zip(batch["image"], batch["sentence"]):
                picture = int(image[0, 0, 0])
                assert "abcdefgh"[int(sentence[0])] in CAPTIONS[picture]
                drawn.append(picture)
        assert sorted(drawn) == list(range(6))


def test_shorter_epochs_have_different_images():
    batches = make(batch_size=2, steps_per_epoch=2)
    assert batches.steps == 2
    epochs = [
        {int(i[0, 0, 0]) for batch in batches.epoch(epoch) for i in batch["image"]}
        for epoch in range(5)
    ]
    assert {len(drawn) for drawn in epochs} == {4} and set.union(*epochs) == set(
        range(6)
    )
    assert make(batch_size=2, steps_per_epoch=9).steps == 3
    with pytest.raises(InputError, match="steps_per_epoch must be at least 1"):
        make(steps_per_epoch=0)


def test_by_caption_an_epoch_has_each_caption():
    batches = make(balance="caption")
    assert batches.steps == 3
    drawn = [int(s[0]) for batch in batches.epoch(0) for s in batch["sentence"]]
    assert sorted(drawn) == sorted([0, 1, 2, 3, 4, 5, 0, 6, 7])


def test_by_class_each_class_is_equally_frequent():
    batches = make(with_labels=True, balance="class")
    drawn = [
        int(image[0, 0, 0])
        for epoch in range(20)
        for batch in batches.epoch(epoch)
        for image in batch["image"]
    ]
    assert drawn.count(5) == len(drawn) // 2
    assert set(drawn) == set(range(6))
    with pytest.raises(InputError, match="class"):
        make(balance="class")


def test_mismatched_texts_are_of_another_text_or_class():
    batches = make(batch_size=6)
    for epoch in range(10):
        for batch in batches.epoch(epoch):
            assert (batch["mismatched"][:, 0] != batch["sentence"]).all()
    for batch in make(with_labels=True, batch_size=6).epoch(0):
        for image, wrong in zip(batch["image"], batch["mismatched"][:, 0]):
            is_last = image[0, 0, 0] == 5
            assert (wrong[0] == 7) == (not is_last)


def test_hard_mismatches_are_made_of_the_caption():
    batches = make(hard_mismatch=2, exchangeable=[["x", "y"]], batch_size=6)
    for batch in batches.epoch(0):
        assert batch["mismatched"].shape == (6, 2, 1)
        for sentence, wrong in zip(batch["sentence"], batch["mismatched"]):
            # One without a word to exchange has the other wrong text.
            expected = [wrong[0, 0]] if sentence[0] == 2 else [8, 9]
            assert wrong[1, 0] in expected


def test_no_text_equal_to_a_caption_of_the_image_is_wrong():
    # Text 8, made of captions, equals "b" of the first image; "g" and "h" are equal.
    batches = make(
        text_id=[0, 1, 2, 3, 4, 5, 6, 6, 1, 9],
        hard_mismatch=2,
        exchangeable=[["x", "y"]],
        batch_size=6,
    )
    hard_of_last_with_a = set()
    for epoch in range(10):
        (batch,) = batches.epoch(epoch)
        rows = batch["image"][:, 0, 0, 0].tolist()
        for image, wrong in zip(rows, batch["mismatched"][..., 0].tolist()):
            assert image != 0 or (wrong[0] not in (0, 1) and wrong[1] == 9)
            assert image not in (4, 5) or wrong[0] not in (6, 7)
            if image == 3:
                hard_of_last_with_a.add(wrong[1])
        is_right = batch["is_right"][rows.index(4)]
        assert sorted(np.array(rows)[is_right]) == [4, 5]
    assert hard_of_last_with_a == {8, 9}
