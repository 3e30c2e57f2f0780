"""What the trials work on: small photos, captions, presets, and what is made of them.

Each piece is built when it is first asked for, in a child of the lab.
"""

from __future__ import annotations

import json
import shutil
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from cases import command
from lab import Lab
from PIL import Image

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (40, 60, 210)}
KINDS = ("png", "jpg", "webp", "gif", "bmp")
WORDS = ["a", "this", "is", "picture", *COLOURS]
TOY_ENCODER = {"image_size": 32, "feature_layer": "block1"}
# What every recipe here has.
SHORT = {"epochs": 2, "batch_size": 4, "warm_up_steps": 2, "precision": "float32"}
DECODER = {"embedding_dim": 8, "hidden_dim": 8, "feature_dim": 8, "num_heads": 2}
GENERATOR = {"width": 4, "noise_dim": 6, "condition_dim": 8, "refined_size": 4}
PHASE = {"name": "back", "first_block": 4, "last_block": 5, "image_size": 32}
PHASE |= {"crop_scale": [0.5, 1.0], "steps": 2, "batch_size": 2, "learning_rate": 0.002}


class World:
    """A folder with everything that a trial needs.

    Args:
        lab: where pieces are built.
        folder: folder of the pieces.
    """

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        folder.mkdir(parents=True)

    @cached_property
    def photos(self) -> Path:
        """A folder with twelve images in folders of their colour."""
        return _draw(self.folder / "photos", 12, KINDS)

    @cached_property
    def captions(self) -> Path:
        """A CSV file with two captions of each photo."""
        return self._write("captions.csv", _captions(self.photos))

    @cached_property
    def captioned(self) -> list[object]:
        """The options that name the photos and captions."""
        return ["--annotations", self.captions, "--images", self.photos]

    @cached_property
    def drawings(self) -> list[object]:
        """The same of a hundred images: painters are not trained on fewer than 64."""
        drawings = _draw(self.folder / "drawings", 100, ("png",))
        captions = self._write("drawings.csv", _captions(drawings))
        return ["--annotations", captions, "--images", drawings]

    @cached_property
    def presets(self) -> dict[str, Path]:
        """Folders of toy presets, by task."""
        place = self.folder / "presets"
        self.lab.build("presets", lambda: _save_presets(place))
        return {
            name: place / name
            for name in ("captioner", "matcher", "painter", "classifier")
        }

    @cached_property
    def lite_captioner(self) -> Path:
        """The captioner's preset with a `.tflite` file, elsewhere."""
        return self._with_lite_file("captioner")

    @cached_property
    def lite_matcher(self) -> Path:
        """The matcher's preset with a `.tflite` file, elsewhere."""
        return self._with_lite_file("matcher")

    def _with_lite_file(self, task: str) -> Path:
        place = self.folder / "lite_presets" / task
        shutil.copytree(self.presets[task], place)
        export = ("export", "tflite", "--into-preset", "--preset", place)
        self.lab.build(f"{task}.tflite", command(*export))
        return place

    @cached_property
    def saved_model(self) -> Path:
        """The SavedModel of the captioner."""
        place = self.folder / "saved_model"
        export = ("export", "saved-model", "--preset", self.presets["captioner"])
        self.lab.build("SavedModel", command(*export, "-o", place, "--no-warm-up"))
        return place / "1"

    @cached_property
    def index(self) -> Path:
        """A search index of the photos."""
        place = self.folder / "index"
        matcher = self.presets["matcher"]
        self.lab.build(
            "index", command("index", self.photos, "-o", place, "--preset", matcher)
        )
        return place

    @cached_property
    def run_dir(self) -> Path:
        """The directory of a captioner's training, with one epoch of two done."""
        place = self.folder / "run"
        arguments = self.training("captioner", place)
        self.lab.build("run", command(*arguments, "--set", "epochs=1"))
        return place

    @cached_property
    def teacher(self) -> Path:
        """Weights of a MobileNet under their published names."""
        place = self.folder / "teacher.npz"
        self.lab.build("teacher", lambda: _save_teacher(place))
        return place

    def training(self, kind: str, run_dir: Path) -> list[object]:
        """Return the arguments of a training: captioner, matcher, vae, ..."""
        recipe = self._write(f"{kind}.json", json.dumps(self._recipe(kind)))
        task = "painter" if kind in ("vae", "dcgan") else kind.partition("-")[0]
        arguments = ["train", task, "--recipe", recipe, "--run-dir", run_dir]
        if task == "classifier":
            return [*arguments, "--images", self.photos]
        if task == "encoder":
            teacher = ["--teacher-weights", self.teacher]
            return [*arguments, "--images", self.photos, *teacher]
        images = self.drawings if task == "painter" else self.captioned
        return [*arguments, *images, "--validation-fraction", "0.34"]

    def _recipe(self, kind: str) -> dict[str, Any]:
        encoder = {"encoder": "efficientnet_lite", "encoder_options": TOY_ENCODER}
        frozen = encoder | {"encoder_options": TOY_ENCODER | {"trainable_from": "none"}}
        text = {"embedding_dim": 16, "num_layers": 1, "num_heads": 2}
        captioner = SHORT | {"decoder_options": DECODER, "min_count": 1, "num_beams": 1}
        painter = {"text_encoder_from": str(self.presets["matcher"])} | SHORT
        painter |= {"resolution": 32, "generator_options": GENERATOR, "batch_size": 32}
        painter |= {"sample_texts": 2, "samples_per_text": 2, "diversity_floor": 0.0}
        discriminator = {"width": 4, "condition_dim": 8}
        vae = {"kind": "vae", "vae_encoder_options": {"width": 4}}
        vae |= {"perceptual_layers": ["stem_conv"]}
        return {
            "captioner": captioner | encoder,
            "captioner-frozen": captioner | frozen,
            "matcher": SHORT | frozen | {"text_options": text, "min_count": 1},
            "vae": painter | vae,
            "dcgan": painter | {"discriminator_options": discriminator},
            "classifier": SHORT | frozen,
            "encoder": {"phases": [PHASE], "steps_per_epoch": 1}
            | {"precision": "float32"},
        }[kind]

    def _write(self, name: str, text: str) -> Path:
        place = self.folder / name
        place.write_text(text, "utf-8")
        return place


def _draw(folder: Path, count: int, kinds: tuple[str, ...]) -> Path:
    """Save blurred images of three colours, in folders of their colour."""
    random = np.random.default_rng(count)
    for i in range(count):
        colour = list(COLOURS)[i % 3]
        coarse = random.normal(COLOURS[colour], 25, (4, 5, 3)).clip(0, 255)
        image = Image.fromarray(coarse.astype("uint8")).resize((40, 36))
        place = folder / colour / f"{i:02d}.{kinds[i % len(kinds)]}"
        place.parent.mkdir(parents=True, exist_ok=True)
        image.save(place)
    return folder


def _captions(photos: Path) -> str:
    rows = ["image,caption"]
    for path in sorted(photos.glob("*/*")):
        name, colour = path.relative_to(photos), path.parent.name
        rows += [f"{name},a {colour} picture", f"{name},this picture is {colour}"]
    return "\n".join(rows) + "\n"


def _save_presets(place: Path) -> None:
    """Save an untrained toy of each task."""
    import keras

    from keras_imgdesc import (
        CompactTextEncoder,
        EfficientNetLiteEncoder,
        ImageCaptioner,
        ImageClassifier,
        ImageTextMatcher,
        LSTMDecoder,
        TextToImage,
    )
    from keras_imgdesc.painting import Generator
    from keras_imgdesc.text import CaptionTokenizer, Vocabulary

    keras.utils.set_random_seed(0)
    tokenizer = CaptionTokenizer(Vocabulary(WORDS), 8)
    encoder = EfficientNetLiteEncoder(**TOY_ENCODER)
    texts = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1, num_heads=2)
    size = len(tokenizer.vocabulary)
    decoder = LSTMDecoder(size, encoder.feature_map_shape, **DECODER)
    generator = Generator(16, resolution=32, **GENERATOR)
    tasks = {
        "captioner": ImageCaptioner(encoder, decoder, tokenizer),
        "matcher": ImageTextMatcher.build_parts(encoder, texts, embedding_dim=8),
        "painter": TextToImage(texts, generator),
        "classifier": ImageClassifier.build_parts(encoder, list(COLOURS)),
    }
    for name, task in tasks.items():
        task.save_to_preset(place / name)


def _save_teacher(place: Path) -> None:
    """Save weights of a MobileNet, with normalization, under the published names."""
    import keras

    from keras_imgdesc.vision import MobileNetEncoder

    keras.utils.set_random_seed(1)
    arrays = {}
    for layer in (la for la in MobileNetEncoder(32).layers if la.weights):
        kernel, bias = layer.get_weights()
        kind = "depthwise_kernel" if layer.name.startswith("conv_dw") else "kernel"
        arrays[f"{layer.name}/{kind}"] = kernel
        ones, zeros = np.ones_like(bias), np.zeros_like(bias)
        for name, array in [("gamma", ones), ("moving_variance", ones)]:
            arrays[f"{layer.name}_bn/{name}"] = array
        for name, array in [("beta", zeros + 0.1), ("moving_mean", zeros)]:
            arrays[f"{layer.name}_bn/{name}"] = array
    np.savez(place, **arrays)
