"""Every model of a painter computes in the precision of its owner."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc import TextToImage, VGG16Encoder
from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import (
    ConditionalVAE,
    Contrast,
    Discriminator,
    FeatureDistance,
    Generator,
    ProjectedDiscriminator,
    VaeEncoder,
)
from keras_imgdesc.painting.learning.building import build_gan

POLICIES = ("float32", "mixed_bfloat16")
SHAPE = {"sentence_dim": 6, "resolution": 64, "width": 4}
# Every layer that a generator may have.
WHOLE = SHAPE | {
    "noise_dim": 5,
    "condition_dim": 7,
    "refined_size": 64,
    "word_dim": 6,
    "attended_size": 8,
    "prior_layers": 2,
    "sharpening_rounds": 1,
}
# Always in float32: small steps or small directions would be lost.
ALWAYS_FLOAT32 = {"NoisePrior", "SentenceWhitening", "Sharpening"}


def batch(latent_dim: int) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(0)
    shapes = {
        "sentence": (4, 6),
        "words": (4, 3, 6),
        "mismatched": (4, 1, 6),
        "noise": (4, latent_dim),
    }
    drawn = {n: chance.normal(size=s).astype("float32") for n, s in shapes.items()}
    return drawn | {
        "image": chance.integers(256, size=(4, 64, 64, 3)).astype("uint8"),
        "uniform": chance.random((4, 2, 8)).astype("float32"),
        "text_id": np.arange(4, dtype="int32"),
    }


def policies_of(layer: keras.layers.Layer, owner: str) -> set[str]:
    """Policies of a layer and all within it, without those that are always float32."""
    if type(layer).__name__ in ALWAYS_FLOAT32:
        inner = {each.dtype_policy.name for each in layer._flatten_layers()}
        assert inner == {"float32"}, layer.name
        return {owner}
    found = {layer.dtype_policy.name}
    for each in layer._flatten_layers(include_self=False, recursive=False):
        found |= policies_of(each, owner)
    return found


@pytest.mark.parametrize("policy", POLICIES)
def test_networks_compute_in_their_policy_and_return_float32(policy):
    with dtype_policy(policy):
        generator, encoder = Generator(**WHOLE), VaeEncoder(**SHAPE)
        discriminator = Discriminator(**SHAPE)
        vgg16 = VGG16Encoder(image_size=48, width=0.0625)
        projected = ProjectedDiscriminator(vgg16, **SHAPE)
        contrast = Contrast(discriminator)
        distance = FeatureDistance(vgg16)
    given = batch(generator.latent_dim)
    judged = {
        "image": ops.cast(given["image"], "float32") / 255,
        "sentence": ops.convert_to_tensor(given["sentence"]),
    }
    maps = discriminator.read(judged["image"])
    outputs = [
        *generator(generator.inputs_of(given)).values(),
        *encoder(judged).values(),
        discriminator(judged),
        projected(judged),
        contrast({"map": maps, "sentence": judged["sentence"]}),
        distance(judged["image"], 1 - judged["image"]),
    ]
    for output in outputs:
        assert keras.backend.standardize_dtype(output.dtype) == "float32"
        assert np.isfinite(output).all()
    for model in (generator, encoder, discriminator, projected, contrast):
        assert policies_of(model, policy) == {policy}, model.name
        assert {v.dtype for v in model.weights} == {"float32"}


def test_a_copy_computes_as_the_original():
    with dtype_policy("mixed_bfloat16"):
        generator = Generator(**SHAPE, refined_size=4, prior_layers=1)
        encoder = VGG16Encoder(image_size=48, width=0.0625)
    copies = [generator.painting(temperature=0.5), generator.refined(8)]
    gan = build_gan(generator)
    copies += [gan.generator, gan.discriminator, encoder.resized(64)]
    for copy in copies:
        assert policies_of(copy, "mixed_bfloat16") == {"mixed_bfloat16"}, copy.name


@pytest.mark.parametrize("policy", POLICIES)
def test_both_trainings_take_a_step(policy):
    with dtype_policy(policy):
        average = Generator(**WHOLE)
        vae = ConditionalVAE(
            VaeEncoder(**SHAPE, noise_dim=5), Generator(**WHOLE), Generator(**WHOLE)
        )
    vae.compile("adam", run_eagerly=True)
    gan = build_gan(average)
    gan.compile("adam", "adam", run_eagerly=True)
    given = {k: ops.convert_to_tensor(v) for k, v in batch(average.latent_dim).items()}
    for model in (gan, vae):
        before = model.generator.get_weights()
        logs = model.train_on_batch(given, return_dict=True)
        assert all(np.isfinite(value) for value in logs.values()), logs
        changed = [
            (old != new).any()
            for old, new in zip(before, model.generator.get_weights(), strict=True)
        ]
        assert sum(changed) > 20
        assert {v.dtype for v in model.generator.weights} == {"float32"}


@pytest.mark.parametrize("policy", ["bfloat16", "float16"])
def test_a_policy_with_weights_of_16_bits_is_refused(policy, toy_painter, tmp_path):
    toy_painter.save_to_preset(tmp_path / "toy")
    with pytest.raises(InputError, match="variables in 16 bits"):
        TextToImage.from_preset(tmp_path / "toy", dtype=policy)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        # A preset is in float32 unless another policy is asked for.
        loaded = TextToImage.from_preset(tmp_path / "toy")
        assert policies_of(loaded.generator, "float32") == {"float32"}
        with pytest.raises(InputError, match=f"Use 'mixed_{policy}'"):
            build_gan(Generator(**SHAPE))
    finally:
        keras.config.set_dtype_policy(before)


SHIPPED = Path(__file__).parents[2] / "saved_models"
TEXTS = {"scenes": "a red circle above a blue square", "flowers": "a pink flower"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("scenes_cvae", marks=pytest.mark.slow),
        pytest.param("scenes_dcgan", marks=pytest.mark.slow),
        pytest.param("flowers_cvae", marks=pytest.mark.slow),
        "flowers_dcgan",
    ],
)
def test_a_shipped_painter_paints_in_bfloat16(name):
    text = TEXTS[name.split("_")[0]]
    painter, half = (
        TextToImage.from_preset(SHIPPED / name, dtype=policy) for policy in POLICIES
    )
    assert policies_of(half.generator, "mixed_bfloat16") == {"mixed_bfloat16"}
    expected = painter.generate(text, seed=1).astype(int)
    difference = np.abs(half.generate(text, seed=1) - expected)
    assert expected.std() > 10 and difference.mean() < 4
