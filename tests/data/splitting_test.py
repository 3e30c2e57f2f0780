import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage, Problem, hold_out
from keras_imgdesc.data.splitting import without_images
from keras_imgdesc.errors import InputError


def pixels(number: int) -> np.ndarray:
    return np.full((4, 4, 3), number, np.uint8)


def collection(**counts: int) -> CaptionCollection:
    """Make different images of classes."""
    return CaptionCollection(
        [
            CaptionedImage(
                f"{name}/{i}", None, (), pixels(40 * row + i), {"name": name}
            )
            for row, (name, count) in enumerate(counts.items())
            for i in range(count)
        ]
    )


def ids(images: CaptionCollection) -> list[str]:
    return [example.image_id for example in images]


def test_each_class_keeps_its_share():
    images = collection(cat=20, dog=10, bird=1, fox=2)
    train, validation = hold_out(images, 0.2)
    names = [example.extra["name"] for example in validation]
    counts = {name: names.count(name) for name in ("cat", "dog", "bird", "fox")}
    assert counts == {"cat": 4, "dog": 2, "bird": 0, "fox": 1}
    assert sorted(ids(train) + ids(validation)) == sorted(ids(images))
    # It does not depend on the order of the images.
    turned = CaptionCollection(images.examples[::-1])
    assert set(ids(hold_out(turned, 0.2)[1])) == set(ids(validation))
    assert set(ids(hold_out(images, 0.2, seed=1)[1])) != set(ids(validation))
    with pytest.raises(InputError, match="images=2"):
        hold_out(collection(cat=1, dog=1), 0.5)
    with pytest.raises(InputError, match="share=1"):
        hold_out(images, 1)
    for share in ("x", None):
        with pytest.raises(InputError, match=f"share={share!r}"):
            hold_out(images, share)


def test_the_same_image_is_never_on_both_sides():
    problems = [Problem("missing image", "z.jpg")]
    # Images 0, 10 and 20 are the same, and so on.
    images = CaptionCollection(
        [CaptionedImage(str(i), None, (), pixels(i % 10)) for i in range(30)], problems
    )
    for seed in range(5):
        train, validation = hold_out(images, 0.2, seed)
        assert len(train) == 24 and len(validation) == 6
        sides = [{int(i) % 10 for i in ids(side)} for side in (train, validation)]
        assert not sides[0] & sides[1]
        assert train.problems == problems and not validation.problems


def test_an_image_in_two_classes_is_not_held_out():
    shared = [
        CaptionedImage(name, None, (), pixels(250), {"name": name})
        for name in ("cat", "dog")
    ]
    images = CaptionCollection([*collection(cat=3, dog=3), *shared])
    for seed in range(5):
        assert not {"cat", "dog"} & set(ids(hold_out(images, 0.4, seed)[1]))


def test_images_are_left_out_whatever_their_names(tmp_path):
    for name in "abcd":
        (tmp_path / f"{name}.jpg").write_bytes(name.encode() * 9000)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "b.jpg")
    (tmp_path / "copy.jpg").write_bytes(b"c" * 9000)

    def of_files(*names: str) -> CaptionCollection:
        return CaptionCollection(
            [CaptionedImage(n, tmp_path / f"{n}.jpg", ("a dog",)) for n in names]
        )

    images = of_files(*"abcd")
    assert ids(without_images(images, of_files("link", "copy"))) == ["a", "d"]
    # Neither an id nor a size alone makes images the same.
    for source in ({"path": tmp_path / "d.jpg"}, {"path": None, "image": b"d" * 9000}):
        other = CaptionCollection([CaptionedImage("a", captions=("a dog",), **source)])
        assert ids(without_images(images, other)) == ["a", "b", "c"]


@pytest.mark.parametrize("collection", ["not a collection", None, [1, 2, 3]])
def test_only_a_collection_can_be_split(collection):
    with pytest.raises(InputError, match="collection=.*CaptionCollection"):
        hold_out(collection, 0.1)
