import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from PIL import Image

from keras_imgdesc import (
    CaptionTokenizer,
    CompactTextEncoder,
    ImageTextMatcher,
    VGG16Encoder,
    Vocabulary,
)
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import (
    ConditionalVAE,
    Generator,
    TextToImage,
    VaeEncoder,
)
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.training.painter import PainterRecipe, build
from keras_imgdesc.training.painter.train import PainterRun, train_painter
from keras_imgdesc.training.run_data import RunData
from keras_imgdesc.training.run_directory import RunDirectory

COLOURS = {"red": (220, 30, 30), "green": (30, 170, 40), "blue": (40, 60, 220)}


def coloured(count: int) -> CaptionCollection:
    """Plain pictures whose caption is their colour."""
    # Images of two collections are not the same.
    chance = np.random.default_rng(count)
    examples = []
    for i in range(count):
        name = list(COLOURS)[i % 3]
        noise = chance.integers(-20, 20, (1, 1, 3))
        image = np.clip(np.full((32, 32, 3), COLOURS[name]) + noise, 0, 255)
        captions = (f"a {name} picture", f"this picture is {name}")
        examples.append(
            CaptionedImage(
                f"{i}", None, captions, image.astype("uint8"), {"label": name}
            )
        )
    return CaptionCollection(examples)


def matcher() -> ImageTextMatcher:
    """A toy that has learned nothing."""
    keras.utils.set_random_seed(0)
    words = ["a", "this", "is", "picture", *COLOURS]
    return ImageTextMatcher.build_parts(
        VGG16Encoder(image_size=32, width=0.0625),
        CompactTextEncoder(
            CaptionTokenizer(Vocabulary(words), 8), embedding_dim=16, num_layers=1
        ),
        embedding_dim=8,
    )


@pytest.fixture(scope="module")
def matcher_preset(tmp_path_factory):
    path = tmp_path_factory.mktemp("matcher") / "toy"
    matcher().save_to_preset(path)
    return str(path)


# Small graphs, as most of the time goes into tracing them.
SMALL = {
    "width": 4,
    "noise_dim": 6,
    "condition_dim": 8,
    "refined_size": 4,
    "attended_size": 8,
}
PRIOR = {**SMALL, "prior_layers": 2}


OPTIONS = {
    "dcgan": {"discriminator_options": {"width": 4, "condition_dim": 8}},
    "vae": {"vae_encoder_options": {"width": 4}},
}


def recipe(preset: str, **changes) -> PainterRecipe:
    values = OPTIONS.get(changes.get("kind", "dcgan"), {}) | {
        "text_encoder_from": preset,
        "resolution": 32,
        "generator_options": SMALL,
        "epochs": 2,
        "batch_size": 12,
        "average_decay": 0.9,
        "warm_up_steps": 5,
        "precision": "float32",
        "sample_texts": 3,
        "samples_per_text": 2,
        "diversity_floor": 0.0,
    }
    return PainterRecipe.from_dict(values | changes)


def run(chosen: PainterRecipe, path, count: int = 72, **kwargs) -> TextToImage:
    return train_painter(
        chosen, path, coloured(count), coloured(12), progress=False, **kwargs
    )


def rows_of(run_dir) -> list[dict]:
    return json.loads((run_dir / "checkpoint.json").read_text())["metrics"]


@pytest.fixture
def without_steps(monkeypatch):
    """Epochs of no steps, where what is tested comes after them."""
    losses = {"generator_loss": 1.0, "discriminator_loss": 1.0}
    monkeypatch.setattr(PainterRun, "fit_batches", lambda self, epoch: dict(losses))


@pytest.mark.slow
def test_it_learns_to_paint_what_a_fixed_discriminator_asks_for(
    tmp_path, matcher_preset, colour_judge, monkeypatch
):
    texts = sorted({c for e in coloured(3) for c in e.captions})
    colours = [COLOURS[next(n for n in COLOURS if n in text)] for text in texts]
    encoder = load_preset(matcher_preset).text_encoder
    judge = colour_judge(encoder.encode(texts).sentences, colours)
    monkeypatch.setattr(build, "Discriminator", lambda **options: judge)
    chosen = recipe(
        matcher_preset,
        epochs=4,
        generator_options={"width": 8, "noise_dim": 6, "condition_dim": 8},
        batch_size=24,
        learning_rate=1e-2,
        discriminator_learning_rate=0.0,
        average_decay=0.95,
    )
    painter = run(chosen, tmp_path, count=480)
    painted = painter.generate([f"a {name} picture" for name in COLOURS], num_images=4)
    means = painted.astype(float).mean(axis=(1, 2, 3))
    assert (means.argmax(axis=1) == [0, 1, 2]).all(), means
    losses = [row["generator_loss"] for row in rows_of(tmp_path)]
    assert losses[-1] < 0.06, losses
    rows = (tmp_path / "metrics.csv").read_text().splitlines()
    assert len(rows) == 5 and "diversity" in rows[0] and "wrong_score" in rows[0]
    assert json.loads((tmp_path / "preset/recipe.json").read_text())["epochs"] == 4
    with Image.open(tmp_path / "samples/epoch_004.png") as grid:
        assert grid.width > 3 * 32
    logs = sorted((tmp_path / "logs").glob("events.*"))
    shown = {
        (value.tag, event.step): value.metadata.plugin_data.plugin_name
        for path in logs
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    }
    assert shown["samples", 4] == "images" and shown["diversity", 4] == "scalars"


@pytest.mark.slow
def test_a_vae_learns_to_paint_what_a_text_says(tmp_path, matcher_preset):
    chosen = recipe(
        matcher_preset,
        kind="vae",
        epochs=5,
        learning_rate=5e-3,
        noise_weight=5.0,
        jit_compile=True,
    )
    painter = run(chosen, tmp_path, count=720)
    painted = painter.generate([f"a {name} picture" for name in COLOURS], num_images=4)
    red, *others = painted.astype(float).mean(axis=(1, 2, 3))
    # Green and blue have similar vectors in the untrained text encoder: whether five
    # epochs tell them apart depends on the rounding of the CPU.
    assert red.argmax() == 0 and all(other.argmax() != 0 for other in others)
    losses = [row["generator_loss"] for row in rows_of(tmp_path)]
    assert losses[-1] < 0.75 * losses[0], losses
    assert "perceptual_loss" in (tmp_path / "metrics.csv").read_text()


@pytest.mark.slow
def test_the_weight_of_the_noise_rises(tmp_path, matcher_preset, monkeypatch):
    prices = []
    fit = PainterRun.fit_batches

    def watched(self, epoch):
        if len(prices) == 1 and epoch == 1:
            prices.append(None)
            raise KeyboardInterrupt
        prices.append(self.model.objective.noise_weight)
        return fit(self, epoch) if epoch == 3 else {"detail_loss": 1.0}

    monkeypatch.setattr(PainterRun, "fit_batches", watched)
    options = {"perceptual_weight": 0.0, "noise_weight": 6.0, "noise_warm_up": 2}
    options |= {"detail_weight": 2.0}
    chosen = recipe(matcher_preset, kind="vae", epochs=4, **options)
    with pytest.raises(KeyboardInterrupt):
        run(chosen, tmp_path)
    run(chosen, tmp_path)  # Continues with the weight of its epoch.
    assert prices == [pytest.approx(2.0), None, *map(pytest.approx, (4.0, 6.0, 6.0))]
    rows = RunDirectory(tmp_path, json.loads(chosen.to_json())).metrics()
    assert abs(rows[-1]["detail_loss"]) < 1e-6  # they are plain


def test_settings_without_effect_are_refused(matcher_preset):
    with pytest.raises(InputError, match="VaeRecipe has no such fields; GanRecipe has"):
        recipe(matcher_preset, kind="vae", contrast_weight=1.0)
    with pytest.raises(InputError, match="layers and epochs"):
        recipe(matcher_preset, kind="vae", generator_options=PRIOR)
    with pytest.raises(InputError, match="set kind to 'vae'"):
        recipe(matcher_preset, generator_options=PRIOR, prior_epochs=2)
    with pytest.raises(InputError, match="word_dim=16"):
        recipe(matcher_preset, generator_options={"word_dim": 16})
    with pytest.raises(InputError, match="optimizer must be one of"):
        recipe(matcher_preset, optimizer="sgd")
    with pytest.raises(InputError, match="Set generator_from to its preset"):
        recipe(matcher_preset, anchor_weight=1.0)
    with pytest.raises(InputError, match="generator_after to 0"):
        recipe(matcher_preset, kind="vae", generator_after=1)
    with pytest.raises(InputError, match="temperature must be above 0"):
        recipe(matcher_preset, temperature=0.0)
    with pytest.raises(InputError, match="GanRecipe has no such fields; VaeRecipe has"):
        recipe(matcher_preset, sharpening_rounds=3)
    with pytest.raises(InputError, match="vae_encoder_from or vae_encoder_options"):
        options = {"vae_encoder_from": "run", "vae_encoder_options": {"width": 3}}
        recipe(matcher_preset, kind="vae", **options)


@pytest.mark.slow
def test_a_new_encoder_learns_the_noise_of_an_old_generator(
    tmp_path, matcher_preset, monkeypatch
):
    encoder = load_preset(matcher_preset).text_encoder
    old = TextToImage(encoder, Generator(16, resolution=32, **PRIOR))
    kernel = old.generator.prior.output_projection.kernel
    kernel.assign(0.1 * ops.ones_like(kernel))
    old.save_to_preset(tmp_path / "old")
    begun = {"generator_from": str(tmp_path / "old"), "generator_options": {}}
    begun |= {"kind": "vae", "perceptual_weight": 0.0, "generator_after": 1}
    with pytest.raises(InputError, match="all but refined_size from"):
        recipe(matcher_preset, **begun | {"generator_options": {"width": 5}})
    begun["generator_options"] = {"refined_size": 32}
    with pytest.raises(InputError, match="Set prior_epochs above 0 if"):
        run(recipe(matcher_preset, **begun), tmp_path / "no")
    frozen = []

    def watched(self, epoch):
        frozen.append(self.model.freeze_generator)
        generator = self.model.generator
        assert not generator.prior.output_projection.kernel.numpy().any()
        start = old.generator.get_layer("start").kernel
        np.testing.assert_allclose(
            generator.get_layer("start").kernel, start, atol=1e-3
        )
        return {"generator_loss": 1.0}

    monkeypatch.setattr(PainterRun, "fit_batches", watched)
    begun |= {"prior_epochs": 1, "sharpening_rounds": 2, "temperature": 0.5}
    new = run(recipe(matcher_preset, **begun), tmp_path / "new")
    assert frozen == [True, False]
    assert (
        new.generator.prior.output_projection.kernel.numpy().any()
    )  # It was fitted again.
    assert new.generator.refined_size == 32
    assert new.generator.sharpening_rounds == 2
    assert new.generator.temperature == 0.5


@pytest.mark.slow
def test_a_vae_starts_from_the_encoder_of_another_run(
    tmp_path, matcher_preset, monkeypatch
):
    def trained(self, epoch):
        for weight in self.model.encoder.trainable_variables:
            weight.assign(weight + 0.1)
        return {"generator_loss": 1.0}

    monkeypatch.setattr(PainterRun, "fit_batches", trained)
    begun = {"kind": "vae", "perceptual_weight": 0.0, "sharpening_rounds": 1}
    begun["temperature"] = 0.5
    run(recipe(matcher_preset, epochs=1, **begun), tmp_path / "first")
    begun |= {
        "generator_from": str(tmp_path / "first/preset"),
        "vae_encoder_from": str(tmp_path / "first"),
        "generator_options": {},
        "vae_encoder_options": {},
    }

    def watched(self, epoch):
        kept = keras.models.load_model(tmp_path / "first/encoder.keras")
        for now, before in zip(
            self.model.encoder.trainable_variables,
            kept.trainable_variables,
            strict=True,
        ):
            np.testing.assert_array_equal(now, before)
        assert self.model.generator.sharpening_rounds == 0
        assert self.model.average.sharpening_rounds == 1
        assert self.model.generator.temperature == 1.0
        assert self.model.average.temperature == 0.5
        return {"generator_loss": 1.0}

    monkeypatch.setattr(PainterRun, "fit_batches", watched)
    run(recipe(matcher_preset, epochs=1, **begun), tmp_path / "second")
    begun["vae_encoder_from"] = str(tmp_path)
    with pytest.raises(InputError, match="Use a directory that contains encoder.keras"):
        run(recipe(matcher_preset, **begun), tmp_path / "third")


@pytest.mark.parametrize("frozen", [False, True])
def test_a_frozen_generator_stays_as_it_is(frozen):
    shape = {"sentence_dim": 8, "resolution": 32, "width": 4, "noise_dim": 6}
    vae = ConditionalVAE(VaeEncoder(**shape), Generator(**shape), Generator(**shape))
    vae.compile(freeze_generator=frozen, run_eagerly=True)
    before = [
        model.trainable_variables[0].numpy() for model in (vae.encoder, vae.generator)
    ]
    chance = np.random.default_rng(0)
    vae.train_on_batch(
        {
            "image": ops.convert_to_tensor(
                chance.integers(256, size=(4, 32, 32, 3), dtype="uint8")
            ),
            "sentence": ops.convert_to_tensor(chance.normal(size=(4, 8)), "float32"),
            "noise": ops.convert_to_tensor(
                chance.normal(size=(4, vae.generator.latent_dim)), "float32"
            ),
        }
    )
    after = [
        model.trainable_variables[0].numpy() for model in (vae.encoder, vae.generator)
    ]
    changed = [not np.array_equal(*pair) for pair in zip(before, after, strict=True)]
    assert changed == [True, not frozen]


@pytest.mark.slow
def test_a_gan_starts_from_the_generator_of_a_vae(tmp_path, matcher_preset):
    first = run(recipe(matcher_preset, kind="vae", epochs=1), tmp_path / "vae")
    begun = {"generator_from": str(tmp_path / "vae/preset"), "generator_options": {}}
    still = {"learning_rate": 1e-9, "discriminator_learning_rate": 1e-9}
    seeing = {"projected": True, "anchor_weight": 1.0}
    chosen = recipe(matcher_preset, epochs=1, **begun, **still, **seeing)
    second = run(chosen, tmp_path / "gan")
    for old, new in zip(
        first.generator.trainable_variables,
        second.generator.trainable_variables,
        strict=True,
    ):
        np.testing.assert_allclose(old, new, atol=1e-3)
    # It is not quite 0: normalisation is by the batch, the anchor's is not.
    rows = RunDirectory(tmp_path / "gan", json.loads(chosen.to_json())).metrics()
    assert 0 < rows[0]["anchor_distance"] < 0.1
    with pytest.raises(InputError, match="resolution and sentence width"):
        run(recipe(matcher_preset, resolution=64, **begun), tmp_path / "large")
    with pytest.raises(InputError, match="Set attend_words to false"):
        run(recipe(matcher_preset, attend_words=True, **begun), tmp_path / "reading")
    with pytest.raises(InputError, match="already has its shape"):
        recipe(matcher_preset, generator_from=begun["generator_from"])


# With a noise prior, and with mismatched texts and a change of the objective.
SMALL_VAE = {
    "kind": "vae",
    "perceptual_weight": 0.0,
    "noise_warm_up": 1,
    "generator_options": PRIOR,
    "prior_epochs": 1,
}
SMALL_GAN = {
    "hard_mismatch": 2,
    "exchangeable": [list(COLOURS)],
    "matching_weight": 0.1,
    "matching_images": 6,
    "matching_after": 1,
}
LARGE_VAE = SMALL_VAE | {
    "optimizer": "muon",
    "perceptual_weight": 0.1,
    "matching_weight": 0.1,
    "attend_words": True,
}
LARGE_GAN = SMALL_GAN | {
    "contrast_weight": 0.5,
    "penalty_weight": 1.0,
    "penalty_every": 2,
    "augmentations": ["colour", "translation", "cutout"],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [SMALL_VAE, SMALL_GAN, LARGE_VAE, LARGE_GAN],
    ids=["vae", "gan", "large vae", "large gan"],
)
def test_a_recipe_fulfils_the_contract(run_recipe_contract, matcher_preset, changes):
    def train(chosen, run_dir, progress):
        return train_painter(
            chosen, run_dir, coloured(72), coloured(12), progress=progress
        )

    chosen = recipe(matcher_preset, epochs=2, **changes)
    painter = run_recipe_contract(chosen, train, rtol=0.0, atol=0.0)
    assert painter.generator.width == 4


@pytest.mark.slow
def test_a_killed_run_is_resumed(tmp_path, matcher_preset):
    (tmp_path / "recipe.json").write_text(recipe(matcher_preset, epochs=200).to_json())
    script = (
        "import sys\n"
        "sys.path.insert(0, sys.argv[3])\n"
        "from train_test import *\n"
        "train_painter(PainterRecipe.from_json(sys.argv[1]), sys.argv[2],"
        " coloured(72), coloured(6), progress=False)\n"
    )
    run_dir = tmp_path / "run"
    folder = os.path.dirname(__file__)
    process = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path / "recipe.json", run_dir, folder],
        stderr=subprocess.DEVNULL,
    )
    deadline = time.time() + 240
    while not (run_dir / "checkpoint.json").exists():
        assert process.poll() is None and time.time() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    values = json.loads((tmp_path / "recipe.json").read_text())
    directory = RunDirectory(run_dir, values)
    done = directory.load_checkpoint().metadata["epochs_done"]
    chosen = PainterRecipe.from_dict(values)
    one = PainterRun(chosen, run_dir, coloured(72), coloured(6), progress=False)
    one.recipe = recipe(matcher_preset, epochs=done + 1)
    one.train()
    assert len(one.directory.metrics()) == done + 1


def test_a_run_is_resumed_with_its_data_alone(tmp_path, matcher_preset):
    directory = RunDirectory(tmp_path, recipe(matcher_preset).as_dict())
    data = RunData(tmp_path, is_begun=False)
    data.match(label="label", train=coloured(72), validation=coloured(6))
    directory.save_checkpoint({}, {"epochs_done": 1})
    other = coloured(72)
    other.examples[5] = replace(other[5], captions=("a blue picture", "blue"))
    with pytest.raises(InputError, match="train_captions_changed='1 image: 5'"):
        PainterRun(recipe(matcher_preset), tmp_path, other, coloured(6))
    with pytest.raises(InputError, match="validation_images_added='1 image: 6'"):
        PainterRun(recipe(matcher_preset), tmp_path, coloured(72), coloured(7))


def test_cut_texts_are_counted_before_training(tmp_path, matcher_preset, caplog):
    data = coloured(72)
    long = replace(data[0], captions=("a red red red red red red picture",))
    data = CaptionCollection([long, *data.examples[1:]])
    PainterRun(recipe(matcher_preset), tmp_path, data, coloured(6), progress=False)
    assert "1 of 143 training texts (0.70 %) are longer than 8" in caplog.text
    assert "matcher with a larger sequence_length" in caplog.text


def test_a_loss_that_is_not_finite_is_named_with_its_step(tmp_path, matcher_preset):
    chosen = recipe(matcher_preset, epochs=3)
    one = PainterRun(chosen, tmp_path, coloured(72), coloured(6), progress=False)
    epoch = one.batches.epoch

    def poisoned(number):
        for step, batch in enumerate(epoch(number)):
            if (number, step) == (1, 2):
                batch["sentence"] = batch["sentence"] * np.nan
            yield batch

    one.batches.epoch = poisoned
    with pytest.raises(InputError, match="finite.*epoch=2.*step=3"):
        one.train()
    assert one.directory.load_checkpoint().metadata == {"epochs_done": 1}
    assert np.isfinite(
        TextToImage.from_preset(tmp_path / "preset").generator.get_weights()[0]
    ).all()


@pytest.mark.usefixtures("without_steps")
def test_a_collapse_is_named(tmp_path, matcher_preset):
    chosen = recipe(matcher_preset, epochs=3, collapse_patience=2, diversity_floor=1.0)
    with pytest.raises(InputError, match="all images of a text are alike"):
        run(chosen, tmp_path)
    assert len(RunDirectory(tmp_path, json.loads(chosen.to_json())).metrics()) == 1


@pytest.mark.slow
def test_a_discriminator_that_stands_still_has_not_won(tmp_path, matcher_preset):
    still = {"discriminator_learning_rate": 0.0, "collapse_patience": 2}
    run(recipe(matcher_preset, **still), tmp_path)


class Given:
    """A metric with given values."""

    def __init__(self, name, higher_is_better, values):
        self.name, self.higher_is_better = name, higher_is_better
        self.values = iter(values)

    def compute(self, paint, collection):
        assert paint(["a red picture"], 0).shape == (1, 32, 32, 3)
        return {self.name: next(self.values), "other": 0.0}


@pytest.mark.usefixtures("without_steps")
@pytest.mark.parametrize(
    ("distances", "expected"), [([3.0, 1.0, 2.0], [1, 2]), ([3.0] * 3, [1, 2, 3])]
)
def test_equal_scores_are_told_apart_by_another_metric_or_the_later_is_kept(
    tmp_path, matcher_preset, record_saves, distances, expected
):
    saves = record_saves(PainterRun)
    given = [Given("good", True, [0.0] * 3), Given("distance", False, distances)]
    names = {"metrics": ["good", "distance"], "metric": "good", "metrics_every": 1}
    chosen = recipe(matcher_preset, epochs=3, **names)
    data = coloured(72), coloured(6)
    PainterRun(chosen, tmp_path, *data, given, progress=False).train()
    assert [epoch for place, epoch in saves if place == "preset"] == expected


@pytest.mark.usefixtures("without_steps")
def test_the_best_by_each_metric_is_kept(tmp_path, matcher_preset):
    given = [
        Given("good", True, [1.0, 3.0, 2.0]),
        Given("distance", False, [3.0, 2.0, 1.0]),
    ]
    chosen = recipe(
        matcher_preset,
        epochs=3,
        metrics=["r_precision", "good", "distance"],
        metric="good",
        metrics_every=1,
    )
    saved = []
    save = TextToImage.save_to_preset
    try:
        TextToImage.save_to_preset = lambda self, path, **kw: (
            saved.append(path.name),
            save(self, path, **kw),
        )
        run(chosen, tmp_path, metrics=given)
    finally:
        TextToImage.save_to_preset = save
    assert saved.count("preset") == 2 and saved.count("distance") == 3
    assert TextToImage.from_preset(tmp_path / "best/r_precision").generator.width == 4


def test_few_images_and_invalid_recipes_are_refused(tmp_path, matcher_preset):
    with pytest.raises(InputError, match="at least 64"):
        run(recipe(matcher_preset), tmp_path, count=63)
    for changes, message in (
        ({"kind": "diffusion"}, "kind"),
        ({"hard_mismatch": 2}, "exchanged"),
        ({"metric": "fid"}, "one of metrics"),
        ({"precision": "mixed_float16"}, "float16"),
        ({"augmentations": ["hue"]}, "augmentations"),
    ):
        with pytest.raises(InputError, match=message):
            recipe(matcher_preset, **changes)
    with pytest.raises(InputError, match="matcher or painter.*'ImageCaptioner'"):
        run(recipe("scenes_lstm"), tmp_path / "captioner")
    with pytest.raises(InputError, match="metric must be"):
        run(recipe(matcher_preset, metrics=["beauty"]), tmp_path / "new")


@pytest.mark.usefixtures("without_steps")
def test_a_full_disk_keeps_the_last_checkpoint(tmp_path, matcher_preset, monkeypatch):
    chosen = recipe(matcher_preset, epochs=2)
    count = 0

    def full(*arguments):
        nonlocal count
        count += 1
        raise OSError(28, "No space left on device")

    one = PainterRun(
        recipe(matcher_preset, epochs=2),
        tmp_path,
        coloured(72),
        coloured(12),
        progress=False,
    )
    one.recipe = recipe(matcher_preset, epochs=1)
    one.train()
    with monkeypatch.context() as patch:
        patch.setattr("keras_imgdesc.atomic_files.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            run(chosen, tmp_path)
    assert count
    run(chosen, tmp_path)
    assert len(RunDirectory(tmp_path, json.loads(chosen.to_json())).metrics()) == 2
