import numpy as np
import pytest
from keras import ops

from keras_imgdesc import VGG16Encoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import (
    ConditionalGAN,
    Contrast,
    GanObjective,
    Generator,
    ProjectedDiscriminator,
)

SHAPE = {"sentence_dim": 5, "resolution": 64, "width": 4}
chance = np.random.default_rng(0)


def encoder() -> VGG16Encoder:
    return VGG16Encoder(image_size=48, width=0.0625)


def normal(*shape: int) -> np.ndarray:
    return chance.normal(size=shape).astype("float32")


def test_one_map_is_scored_with_any_sentence():
    judge = ProjectedDiscriminator(encoder(), **SHAPE)
    images, sentences = normal(3, 64, 64, 3), normal(3, 5)
    scores = np.asarray(judge({"image": images, "sentence": sentences}))
    maps = np.asarray(judge.read(images))
    assert scores.shape == (3, 4) and maps.shape == (3, 4, 4, 64)
    parts = judge.judge({"map": maps, "sentence": sentences})
    np.testing.assert_allclose(scores, parts, rtol=1e-5, atol=1e-6)
    other = judge.judge({"map": maps, "sentence": sentences[::-1].copy()})
    assert (np.abs(np.asarray(other) - scores)[0] > 1e-6).all()


def test_a_head_reads_its_own_map_only():
    judge = ProjectedDiscriminator(encoder(), **SHAPE)
    maps, sentences = normal(2, 4, 4, 64), normal(2, 5)
    before = np.asarray(judge.judge({"map": maps, "sentence": sentences}))
    maps[..., 16:32] = 0
    after = np.asarray(judge.judge({"map": maps, "sentence": sentences}))
    np.testing.assert_array_equal(
        (before == after).all(axis=0), [True, False, True, True]
    )


def test_its_encoder_is_not_trained():
    image_encoder = encoder()
    judge = ProjectedDiscriminator(image_encoder, **SHAPE)
    gan = ConditionalGAN(
        Generator(**SHAPE), judge, Generator(**SHAPE), None, Contrast(judge)
    )
    gan.compile("sgd", "sgd", GanObjective(contrast_weight=1.0), run_eagerly=True)
    kernels = [v for v in judge.trainable_variables if v.name == "kernel"]
    before = {id(v): np.array(v) for v in kernels}
    batch = {
        "image": chance.integers(256, size=(4, 64, 64, 3)).astype("uint8"),
        "sentence": normal(4, 5),
        "mismatched": normal(4, 1, 5),
        "text_id": np.arange(4, dtype="int32"),
        "noise": normal(4, gan.generator.latent_dim),
        "uniform": chance.random((4, 2, 8)).astype("float32"),
    }
    batch = {name: ops.convert_to_tensor(value) for name, value in batch.items()}
    logs = gan.train_on_batch(batch, return_dict=True)
    assert all(np.isfinite(value) for value in logs.values())
    assert all((np.array(v) != before[id(v)]).any() for v in kernels)
    for weight in image_encoder.weights:
        assert any(
            other.shape == weight.shape and (np.array(other) == np.array(weight)).all()
            for other in judge.weights
        ), weight.path


def test_an_encoder_without_a_map_of_4_x_4_is_refused():
    with pytest.raises(InputError, match="a map of 4 x 4.*maps=.*8") as caught:
        ProjectedDiscriminator(encoder(), 5, resolution=128, width=4)
    assert "resolution=128" in str(caught.value)
