import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_imgdesc import CaptionTokenizer, CompactTextEncoder, TextToImage, Vocabulary
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.painting import Discriminator, GanObjective, Generator
from keras_imgdesc.painting.learning.batches import read_examples

COLOURS = {"red": (220, 30, 30), "green": (30, 170, 40), "blue": (40, 60, 220)}


def new_painter(width: int = 4) -> TextToImage:
    keras.utils.set_random_seed(0)
    tokenizer = CaptionTokenizer(Vocabulary(["a", "picture", "in", *COLOURS]), 6)
    encoder = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)
    generator = Generator(16, resolution=32, width=width, noise_dim=6, condition_dim=8)
    return TextToImage(encoder, generator)


def coloured(count: int) -> dict[str, list]:
    chance = np.random.default_rng(0)
    names = [list(COLOURS)[i % 3] for i in range(count)]
    images = [
        np.clip(
            np.full((24, 30, 3), COLOURS[name]) + chance.integers(-20, 20), 0, 255
        ).astype("uint8")
        for name in names
    ]
    captions = [(f"a {name} picture", f"a picture in {name}") for name in names]
    return {"image": images, "caption": captions}


def weights(painter: TextToImage) -> list[np.ndarray]:
    return painter.generator.get_weights()


@pytest.mark.slow
def test_it_learns_to_paint_what_a_fixed_discriminator_asks_for(tmp_path, colour_judge):
    painter = new_painter(width=8)
    before = painter.generate("a red picture")
    data = coloured(480)
    texts = sorted({caption for captions in data["caption"] for caption in captions})
    colours = [COLOURS[next(n for n in COLOURS if n in text)] for text in texts]
    painter.compile(
        keras.optimizers.Adam(1e-2),
        keras.optimizers.SGD(0.0),
        GanObjective(divergence_weight=0.01, average_decay=0.95),
        colour_judge(painter.encode(texts)["sentence"], colours),
    )
    history = painter.fit(data, batch_size=24, epochs=3, verbose=0)
    losses = history.history["generator_loss"]
    assert len(losses) == 3 and losses[-1] < 0.06, losses
    assert "wrong_score" in history.history
    texts = [f"a {name} picture" for name in COLOURS]
    painted = painter.generate(texts, num_images=4)
    means = painted.astype(float).mean(axis=(1, 2, 3))
    assert (means.argmax(axis=1) == [0, 1, 2]).all(), means
    assert (painter.generate("a red picture") != before).any()
    painter.save_to_preset(tmp_path / "preset")
    again = TextToImage.from_preset(tmp_path / "preset").generate(texts, 4)
    assert np.abs(again.astype(int) - painted).mean() < 1  # Weights are float16.


def trained(data, epochs: tuple[int, ...], seed: int = 0, **objective) -> TextToImage:
    """A new painter after a call of `fit` for each number of epochs."""
    painter = new_painter()
    # Tracing takes longer than a few small steps.
    painter.compile(objective=GanObjective(**objective), run_eagerly=True)
    for number in epochs:
        painter.fit(data, batch_size=10, epochs=number, seed=seed, verbose=0)
    return painter


def farthest(one: TextToImage, other: TextToImage) -> float:
    return max(
        float(np.abs(a - b).max())
        for a, b in zip(weights(one), weights(other), strict=True)
    )


@pytest.mark.slow
def test_two_calls_equal_one_and_a_data_set_equals_a_dict():
    data = coloured(13)
    once = trained(data, (3,))
    assert farthest(once, trained(data, (1, 2))) < 1e-5
    columns = {name: np.stack(values) for name, values in data.items()}
    dataset = tf.data.Dataset.from_tensor_slices(
        columns | {"caption": columns["caption"].astype(object)}
    )
    assert farthest(once, trained(dataset, (3,))) < 1e-5
    assert farthest(once, trained(data, (1,))) > 1e-4
    assert farthest(once, trained(data, (3,), seed=1)) > 1e-4


def test_the_generator_is_the_moving_average():
    for decay in (0.0, 0.999):
        painter = trained(coloured(10), (1,), average_decay=decay)
        last = painter._gan.generator.get_weights()
        pairs = zip(weights(painter), last, strict=True)
        apart = max(float(np.abs(kept - weight).max()) for kept, weight in pairs)
        assert apart < 1e-6 if decay == 0 else apart > 1e-5


def test_a_whitening_is_fitted_once():
    painter = trained(coloured(12), (1,))
    first = painter.generator.whitening.get_weights()
    assert first[0].any()
    painter.compile(run_eagerly=True)
    few = coloured(12) | {"caption": ["a red picture"] * 12}
    history = painter.fit(few, batch_size=6, verbose=0)
    for model in (painter.generator, painter._gan.discriminator):
        for one, two in zip(first, model.whitening.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
    # Where all say the same, no words are wrong.
    assert "wrong_score" not in history.history


def test_pictures_are_read_from_paths(tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path, colour in zip(paths, ("red", "blue"), strict=True):
        Image.new("RGB", (40, 30), colour).save(path)
    texts = ["a red picture", ("a blue picture", "a picture in blue")]
    images, captions = read_examples({"image": paths, "caption": texts}, 32)
    assert images.shape == (2, 32, 32, 3) and images.dtype == np.uint8
    assert images[:, 0, 0].tolist() == [[255, 0, 0], [0, 0, 255]]
    assert captions == [["a red picture"], ["a blue picture", "a picture in blue"]]


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ({"image": coloured(4)["image"]}, {}, "'image' and 'caption'"),
        ([1, 2], {}, "'image' and 'caption'"),
        (coloured(4) | {"caption": ["a red picture"] * 3}, {}, "captions=3"),
        (coloured(2) | {"caption": ["a red picture", " "]}, {}, "words in it"),
        (coloured(2) | {"caption": ["a red picture", "xyz"]}, {}, "xyz"),
        (coloured(4), {"batch_size": 5}, "images=4"),
        (coloured(4), {"batch_size": 1}, "batch_size=1"),
        ({"image": [], "caption": []}, {}, "at least one image"),
        (coloured(4), {"validation_data": coloured(4)}, "evaluate_paintings"),
    ],
)
def test_bad_data_are_refused(data, options, message):
    with pytest.raises(InputError, match=message):
        new_painter().fit(data, **{"batch_size": 2, "verbose": 0} | options)


def test_a_broken_picture_and_a_batched_data_set_are_refused():
    painter = new_painter()
    with pytest.raises(ImageError):
        painter.fit({"image": [b"none"], "caption": ["a red picture"]})
    columns = {"image": np.zeros((4, 8, 8, 3), "uint8"), "caption": ["a red"] * 4}
    dataset = tf.data.Dataset.from_tensor_slices(columns).batch(2)
    with pytest.raises(InputError, match="unbatch"):
        painter.fit(dataset)


def test_what_does_not_fit_the_generator_is_refused():
    painter = new_painter()
    with pytest.raises(InputError, match="train_painter"):
        painter.compile(objective=GanObjective(matching_weight=0.1))
    with pytest.raises(InputError, match="resolution=64"):
        painter.compile(discriminator=Discriminator(16, resolution=64, width=4))
