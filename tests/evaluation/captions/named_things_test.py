import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.named_things import (
    NamedThings,
    main_things,
    named_things,
)

KITCHEN = (
    "A man cooks pizzas in his kitchen.",
    "a woman with a pizza",
    "Pizza! In the kitchen, a man",
    "people standing in a kitchen",
    "a man, a red oven",
)
GRASS = ("dogs on grass", "a dog", "the dog's ball", "grass", "a brown dog on grass")
NOTHING = ("a ball", "two men", "a hat", "a man", "a car")


@pytest.fixture
def images():
    return CaptionCollection(
        [
            CaptionedImage(str(number), None, texts, b"")
            for number, texts in enumerate((KITCHEN, GRASS, NOTHING))
        ]
    )


def test_a_thing_is_a_word_that_three_of_five_use():
    # "a", "in" and "man" are also used by three, but name no thing.
    assert main_things(KITCHEN) == {"pizza", "kitchen"}
    # "dog's" is two words, "dog" and "s".
    assert main_things(GRASS) == {"dog", "gras"}
    assert main_things(NOTHING) == set()
    assert main_things(KITCHEN, agreeing=4) == set()
    assert main_things(["a cat cat", "cat cat"], agreeing=3) == set()


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("three pizzas", True),
        ("KITCHENS.", True),
        ("a man in a red shirt", False),
        ("a pizzeria", False),
        ("", False),
    ],
)
def test_one_of_them_is_enough(caption, expected):
    assert named_things([caption], [KITCHEN]).tolist() == [expected]


def test_shares_are_of_all_images(images):
    captions = ["a pizza", "a man on a horse", "a ball"]
    found = NamedThings().compute(captions, images)
    assert found == pytest.approx({"named_things": 100 / 3, "nameable": 200 / 3})
    sampled = NamedThings().sampler(captions, images)(np.array([[2, 1, 0], [0, 0, 3]]))
    assert sampled["named_things"] == pytest.approx([200 / 3, 0])
    assert sampled["nameable"] == pytest.approx([100, 0])


def test_people_who_never_agree_are_refused():
    two = CaptionCollection([CaptionedImage("1", None, ("a dog", "a dog"), b"")])
    with pytest.raises(InputError, match="references=2"):
        NamedThings().compute(["a dog"], two)
    assert NamedThings(2).compute(["a dog"], two)["named_things"] == 100
    with pytest.raises(InputError, match="agreeing=0"):
        NamedThings(0)
    with pytest.raises(InputError, match="captions=0"):
        NamedThings().compute([], two)
