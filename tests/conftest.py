"""Fixtures of all tests."""

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

# Compiling a toy takes longer than running it. XLA reads this when it is first used.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
)
# Two processes share two cores. More threads would compete, and would add the terms of
# a sum in any order.
for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")


@pytest.fixture(scope="session", autouse=True)
def few_examples() -> Iterator[None]:
    """Calibrate int8 models with fewer generated examples than users do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keras_imgdesc.export.representative.DRAWN", 20)
        yield


@pytest.fixture
def toy_image() -> np.ndarray:
    """Return a smooth image without symmetries, uint8 (30, 40, 3).

    JPEG changes it little, and each of its eight orientations is different.
    """
    rows, columns = np.mgrid[0:30, 0:40]
    channels = [rows * 8, columns * 6, 255 - rows * 4 - columns * 3]
    return np.stack(channels, axis=-1).astype("uint8")


@pytest.fixture
def save_image(tmp_path: Path) -> Callable[..., Path]:
    """Save an array or Pillow image as `tmp_path / name`: (name, image, **options)."""

    def save(name: str, image: np.ndarray | Image.Image, **options: object) -> Path:
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, **options)
        return path

    return save


# Red, green and blue of each colour that `draw_colour` knows.
COLOURS = {"blue": (30, 40, 200), "green": (40, 180, 50), "red": (210, 40, 30)}


@pytest.fixture(scope="session")
def draw_colour() -> Callable[[str, int], np.ndarray]:
    """Draw a noisy image of blue, green or red: (colour, number of the image)."""

    def draw(colour: str, number: int) -> np.ndarray:
        noise = np.random.default_rng([number, len(colour)]).normal(0, 20, (36, 36, 3))
        return np.clip(noise + COLOURS[colour], 0, 255).astype(np.uint8)

    return draw


@pytest.fixture(scope="session")
def colour_folder(
    tmp_path_factory: pytest.TempPathFactory, draw_colour: Callable[..., np.ndarray]
) -> Path:
    """Return a folder with eight images of each colour, in a folder per colour."""
    root = tmp_path_factory.mktemp("colours")
    for colour in COLOURS:
        (root / colour).mkdir()
        for number in range(8):
            image = Image.fromarray(draw_colour(colour, number))
            image.save(root / colour / f"{number}.png")
    return root


@pytest.fixture
def broken_images(
    tmp_path: Path, toy_image: np.ndarray, save_image: Callable[..., Path]
) -> dict[str, Path]:
    """Return files that are not valid images despite their names, by what is wrong."""
    files = {
        "empty": b"",
        "text": b"This is not an image.\n" * 50,
        "random": np.random.default_rng(0).bytes(5000),
        "header only": b"\xff\xd8\xff\xe0",
    }
    for suffix in ("jpg", "png", "gif", "bmp", "webp", "tif"):
        complete = save_image(f"complete/image.{suffix}", toy_image).read_bytes()
        files[f"half a {suffix}"] = complete[: len(complete) // 2]
    paths = {}
    for problem, content in files.items():
        paths[problem] = tmp_path / f"{problem}.jpg"
        paths[problem].write_bytes(content)
    paths["missing"] = tmp_path / "missing.jpg"
    paths["directory"] = tmp_path / "directory.jpg"
    paths["directory"].mkdir()
    return paths


@pytest.fixture(scope="session")
def with_statistics() -> Callable[[Any], Any]:
    """Give a generator batch statistics, which training would give it."""
    from keras_imgdesc.painting import ConditionalBatchNormalization

    def adapt(generator: Any) -> Any:
        norms = [
            layer
            for layer in generator._flatten_layers()
            if isinstance(layer, ConditionalBatchNormalization)
        ]
        random = np.random.default_rng(0)
        for layer in norms:
            layer.momentum = 0.0
        shapes = {
            "sentence": (generator.sentence_dim,),
            "noise": (generator.latent_dim,),
            "words": (6, generator.word_dim or 1),
        }
        batch = {
            name: random.normal(size=(64, *shape)).astype("float32")
            for name, shape in generator.inputs_of(shapes).items()
        }
        generator(batch, training=True)
        for layer in norms:
            layer.momentum = 0.99
        return generator

    return adapt


@pytest.fixture(scope="session")
def build_painter(with_statistics: Callable[[Any], Any]) -> Callable[[int], Any]:
    """Build a toy painter of 32 x 32 pixels that tells texts apart: (width)."""
    import keras

    from keras_imgdesc import CompactTextEncoder, TextToImage, Vocabulary
    from keras_imgdesc.painting import Generator
    from keras_imgdesc.text import CaptionTokenizer

    def build(width: int) -> TextToImage:
        keras.utils.set_random_seed(0)
        words = ["a", "red", "blue", "bird", "dog"]
        encoder = CompactTextEncoder(
            CaptionTokenizer(Vocabulary(words), 6), embedding_dim=32, num_layers=1
        )
        generator = Generator(
            32,
            resolution=32,
            width=width,
            noise_dim=6,
            condition_dim=8,
            refined_size=8,
            sharpening_rounds=1,
            temperature=0.8,
            word_dim=32,
            attended_size=8,
        )
        texts = ["a red bird", "a blue dog", "red dog", "a bird", "blue"]
        generator.whitening.adapt(encoder.encode(texts).sentences, floor=0.3)
        return TextToImage(encoder, with_statistics(generator))

    return build


@pytest.fixture(scope="session")
def toy_painter(build_painter: Callable[[int], Any]) -> Any:
    """Return the smallest painter."""
    return build_painter(4)


@pytest.fixture(scope="session")
def exported_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict]:
    """Export a preset to every form once per run and for all processes: (name, build).

    `name` names the export. `build` returns a task, which is saved as a preset first,
    or the path of a preset. The forms are returned by name.
    """
    from keras_imgdesc.verification.forms import ModelForm

    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def export(name: str, build: Callable[[], Any]) -> dict[str, Any]:
        folder = root / "exported" / name
        folder.mkdir(parents=True, exist_ok=True)
        listing = folder / "forms.json"
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not listing.exists():
                fresh = Path(tempfile.mkdtemp(dir=folder))
                forms = _export(build(), fresh)
                listing.write_text(
                    json.dumps([asdict(form) for form in forms], default=str)
                )
        found = json.loads(listing.read_text())
        return {
            form["name"]: ModelForm(**form | {"path": Path(form["path"])})
            for form in found
        }

    return export


def _export(source: Any, folder: Path) -> list[Any]:
    from keras_imgdesc.tasks import load_preset
    from keras_imgdesc.verification.forms import export_forms

    if not isinstance(source, Path):
        source.save_to_preset(folder / "preset")
        source = folder / "preset"
    return export_forms(load_preset(source), source, folder)


@pytest.fixture(scope="session")
def scenes_forms(exported_once: Callable[..., dict]) -> dict[str, Any]:
    """Return the forms of `scenes_lstm`, by name."""
    from keras_imgdesc.presets.folders import find_preset

    return exported_once("scenes_lstm", lambda: find_preset("scenes_lstm"))


@pytest.fixture(scope="session")
def painter_forms(
    exported_once: Callable[..., dict], build_painter: Callable[[int], Any]
) -> dict[str, Any]:
    """Return the forms of a toy painter, by name.

    Its matrices and transposed convolutions are large enough to become int8.
    """
    return exported_once("painter", lambda: build_painter(24))


@pytest.fixture(scope="session")
def classifier_forms(exported_once: Callable[..., dict]) -> dict[str, Any]:
    """Return the forms of a toy classifier of 32 x 32 pixels, by name."""
    return exported_once("classifier", _build_classifier)


def _build_classifier() -> Any:
    import keras

    from keras_imgdesc import EfficientNetLiteEncoder, ImageClassifier

    keras.utils.set_random_seed(0)
    encoder = EfficientNetLiteEncoder(image_size=32, feature_layer="block4")
    names = ["tabby, tabby cat", "espresso", "café", "crane", "dog", "pole", "ski"]
    classifier = ImageClassifier.build_parts(encoder, names)
    # Weights that tell images apart.
    kernel, bias = classifier.head.dense.get_weights()
    classifier.head.dense.set_weights([40 * kernel, bias])
    classifier.head.temperature = 1.5
    return classifier


@pytest.fixture(scope="session")
def matcher_forms(exported_once: Callable[..., dict]) -> dict[str, Any]:
    """Return the forms of a toy matcher of 32 x 32 pixels, by name."""
    return exported_once("matcher", _build_matcher)


def _build_matcher() -> Any:
    import keras

    from keras_imgdesc import CompactTextEncoder, ImageTextMatcher, VGG16Encoder
    from keras_imgdesc.text import CaptionTokenizer, Vocabulary

    keras.utils.set_random_seed(0)
    words = ["a", "dog", "cats", "mans", "run", "red", "two"]
    text_encoder = CompactTextEncoder(
        CaptionTokenizer(Vocabulary(words), 8),
        embedding_dim=16,
        num_layers=1,
        num_heads=2,
    )
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    return ImageTextMatcher.build_parts(
        encoder, text_encoder, embedding_dim=8, num_heads=2
    )


@pytest.fixture(scope="session")
def lite_presets(
    tmp_path_factory: pytest.TempPathFactory, build_painter: Callable[[int], Any]
) -> dict[str, Path]:
    """Return folders of toy presets with a float32 `.tflite` file, by task.

    They are made once per run and for all processes, and must not be changed.
    """
    from keras_imgdesc.export.tflite.export import add_to_preset

    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    build = _toys(build_painter)
    folders = {name: root / "lite_presets" / name for name in build}
    (root / "lite_presets").mkdir(exist_ok=True)
    with open(root / "lite_presets" / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name, folder in folders.items():
            if not (folder / f"{name}.tflite").exists():
                task = build[name]()
                task.save_to_preset(folder)
                add_to_preset(type(task).from_preset(folder), folder)
    return folders


@pytest.fixture(scope="session")
def toy_presets(
    tmp_path_factory: pytest.TempPathFactory, build_painter: Callable[[int], Any]
) -> dict[str, Path]:
    """Return folders of toy presets, by task, which must not be changed."""
    root = tmp_path_factory.mktemp("toy_presets")
    for name, build in _toys(build_painter).items():
        build().save_to_preset(root / name)
    return {path.name: path for path in root.iterdir()}


def _toys(build_painter: Callable[[int], Any]) -> dict[str, Callable[[], Any]]:
    return {
        "captioner": _build_captioner,
        "classifier": _build_classifier,
        "matcher": _build_matcher,
        "painter": lambda: build_painter(4),
    }


def _build_captioner() -> Any:
    import keras

    from keras_imgdesc import ImageCaptioner, LSTMDecoder, VGG16Encoder
    from keras_imgdesc.text import CaptionTokenizer, Vocabulary

    keras.utils.set_random_seed(0)
    words = ["a", "red", "bird", "blue", "dog"]
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    decoder = LSTMDecoder(9, encoder.feature_map_shape, 8, 8, 2, feature_dim=8)
    return ImageCaptioner(encoder, decoder, CaptionTokenizer(Vocabulary(words), 6))


@pytest.fixture(scope="session")
def colour_judge() -> Callable[..., Any]:
    """Make a discriminator that knows the colour of each text and never learns.

    The generator's hinge loss is then the squared distance of its images from plain
    images of the right colour: training is a regression, whose outcome does not depend
    on rounding. Arguments: sentences (texts, dim), colours (texts, 3) from 0 to 255,
    and the resolution.
    """
    import keras
    from keras import ops

    from keras_imgdesc.painting.layers.sentence_whitening import SentenceWhitening

    def make(sentences: np.ndarray, colours: Any, resolution: int = 32) -> Any:
        known = np.asarray(sentences, "float32")
        pixels = np.asarray(colours, "float32") / 127.5 - 1
        image = keras.Input((resolution, resolution, 3), name="image")
        read = keras.Model(image, ops.average_pool(image, resolution // 4))
        maps = keras.Input((4, 4, 3), name="map")
        sentence = keras.Input((known.shape[1],), name="sentence")
        distance = ops.sum(ops.square(sentence[:, None] - known[None]), axis=-1)
        nearest = ops.one_hot(ops.argmin(distance, axis=-1), len(known))
        colour = ops.matmul(nearest, pixels)[:, None, None]
        error = ops.mean(ops.square(maps - colour), axis=(1, 2, 3))[:, None]
        # An optimizer needs a weight; its learning rate must be 0.
        scale = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
        judge = keras.Model({"map": maps, "sentence": sentence}, -scale(error)[:, 0])
        model = keras.Model(
            {"image": image, "sentence": sentence},
            judge({"map": read(image), "sentence": sentence}),
        )
        model.sentence_dim, model.resolution = known.shape[1], resolution
        model.read, model.judge = read, judge
        model.whitening = SentenceWhitening()
        model.whitening.build((None, known.shape[1]))
        return model

    return make
