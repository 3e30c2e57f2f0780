import numpy as np
import pytest

from keras_imgdesc import TextToImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import Generator


@pytest.fixture(scope="module")
def painter(toy_painter) -> TextToImage:
    return toy_painter


def test_one_text_or_several(painter):
    one = painter.generate("a red bird", num_images=3, seed=4)
    array = painter.generate(np.array("a red bird"), num_images=3, seed=4)
    np.testing.assert_array_equal(array, one)
    assert one.shape == (3, 32, 32, 3) and one.dtype == np.uint8
    several = painter.generate(["a red bird", "a blue dog"], num_images=3, seed=4)
    assert several.shape == (2, 3, 32, 32, 3)
    # Noise is drawn in a row, so that the first text has the same.
    np.testing.assert_array_equal(several[0], one)
    assert (several[1] != one).any()


def test_the_seed_decides_and_the_batch_does_not(painter):
    first = painter.generate("a red bird", 5, seed=1)
    np.testing.assert_array_equal(first, painter.generate("a red bird", 5, seed=1))
    assert (first != painter.generate("a red bird", 5, seed=2)).any()
    small = painter.generate("a red bird", 5, seed=1, batch_size=2)
    assert np.abs(first.astype(int) - small).max() <= 1
    noise = painter.draw_noise(5, 1)
    given = painter.generate("a red bird", 5, noise=noise)
    np.testing.assert_array_equal(first, given)


def test_a_low_temperature_makes_images_alike(painter):
    spread = [
        painter.generate("a red bird", 8, temperature=t)
        .astype(float)
        .std(axis=0)
        .mean()
        for t in (1.0, 0.5, 0.0)
    ]
    assert spread[0] > spread[1] > spread[2] == 0
    default = painter.generate("a red bird", 8)
    explicit = painter.generate("a red bird", 8, temperature=0.8)
    assert painter.generator.temperature == 0.8
    np.testing.assert_array_equal(default, explicit)


def test_reranking_sorts_by_the_matcher(painter):
    class Brightest:
        def probabilities(self, images, text):
            assert text == "a red bird"
            return images.astype(float).mean(axis=(1, 2, 3))

    found = painter.generate("a red bird", 6, rerank=Brightest())
    means = found.astype(float).mean(axis=(1, 2, 3))
    assert (np.diff(means) <= 0).all() and means[0] > means[-1]
    plain = painter.generate("a red bird", 6).astype(float).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(np.sort(plain)[::-1], means)


def test_an_interpolation_starts_and_ends_at_the_texts(painter):
    way = painter.interpolate("a red bird", "a blue dog", steps=5, seed=3)
    noise = painter.draw_noise(2, 3)
    ends = painter.generate(["a red bird", "a blue dog"], noise=noise)[:, 0]
    assert np.abs(way[[0, -1]].astype(int) - ends).max() <= 1
    steps = np.abs(np.diff(way.astype(int), axis=0)).max(axis=(1, 2, 3))
    assert (steps > 0).all()
    kept = painter.interpolate("a red bird", "a red bird", steps=3, same_noise=True)
    assert np.abs(kept.astype(int) - kept[0]).max() <= 1
    cold = painter.interpolate("a red bird", "a red bird", steps=3, temperature=0.0)
    assert np.abs(cold.astype(int) - cold[0]).max() <= 1
    own = painter.generator.temperature
    same = painter.interpolate(
        "a red bird", "a blue dog", steps=5, seed=3, temperature=own
    )
    np.testing.assert_array_equal(same, way)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"texts": " "}, "words in it"),
        ({"texts": []}, "must be a text"),
        ({"texts": ["a red bird", "xyzzy qwerty"]}, "knows.*red.*xyzzy|xyzzy.*red"),
        ({"num_images": 0}, "num_images"),
        ({"num_images": 10**6}, "num_images"),
        ({"temperature": -1.0}, "temperature"),
        ({"noise": np.zeros((1, 3))}, "noise"),
    ],
)
def test_bad_input_is_refused(painter, arguments, message):
    with pytest.raises(InputError, match=message):
        painter.generate(**{"texts": "a red bird"} | arguments)


def test_parts_that_do_not_fit_are_refused(painter):
    with pytest.raises(InputError, match="sentence_dim"):
        TextToImage(painter.text_encoder, Generator(8, resolution=32, width=2))
    with pytest.raises(InputError, match="steps"):
        painter.interpolate("a dog", "a bird", steps=1)


def test_a_preset_paints_the_same(painter, tmp_path):
    painter.save_to_preset(tmp_path / "one", recipe={"seed": 0})
    again = TextToImage.from_preset(tmp_path / "one")
    expected = painter.generate("a red bird", 4)
    found = again.generate("a red bird", 4)
    assert np.abs(expected.astype(int) - found).max() <= 2  # weights are float16
    again.save_to_preset(tmp_path / "two")
    third = TextToImage.from_preset(str(tmp_path / "two"))
    np.testing.assert_array_equal(third.generate("a red bird", 4), found)
    files = [(tmp_path / n / "model.weights.h5").read_bytes() for n in ("one", "two")]
    assert len(files[0]) == len(files[1])
