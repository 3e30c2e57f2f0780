"""Fixtures for all tests."""

import fcntl
import os
import pickle
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

# Toys are compiled longer than they run. Read when XLA is first used.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
)


def pytest_collection_modifyitems(items):
    """Trainings come last, in their order otherwise.

    When one worker is done, it takes of what the other has left; what a module's tests
    share is then made twice, and trainings share the least.
    """
    items.sort(key=lambda item: "training" in item.path.parts)


@pytest.fixture(scope="session", autouse=True)
def few_examples() -> Iterator[None]:
    """Int8 takes its ranges from fewer drawn examples than a user's does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keras_imgdesc.export.representative.DRAWN", 20)
        yield


@pytest.fixture
def toy_image() -> np.ndarray:
    """uint8 (30, 40, 3): smooth, so that JPEG keeps it, and no two turns alike."""
    rows, columns = np.mgrid[0:30, 0:40]
    channels = [rows * 8, columns * 6, 255 - rows * 4 - columns * 3]
    return np.stack(channels, axis=-1).astype("uint8")


@pytest.fixture
def save_picture(tmp_path: Path) -> Callable[..., Path]:
    """Saves an array or Pillow image as `tmp_path / name`: (name, image, **options)."""

    def save(name: str, image: np.ndarray | Image.Image, **options: object) -> Path:
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, **options)
        return path

    return save


@pytest.fixture
def broken_pictures(
    tmp_path: Path, toy_image: np.ndarray, save_picture: Callable[..., Path]
) -> dict[str, Path]:
    """Files that are no pictures, though named like some, by what is wrong."""
    files = {
        "empty": b"",
        "text": b"This is no picture.\n" * 50,
        "random": np.random.default_rng(0).bytes(5000),
        "header only": b"\xff\xd8\xff\xe0",
    }
    for suffix in ("jpg", "png", "gif", "bmp", "webp", "tif"):
        whole = save_picture(f"whole/picture.{suffix}", toy_image).read_bytes()
        files[f"half a {suffix}"] = whole[: len(whole) // 2]
    paths = {}
    for what, content in files.items():
        paths[what] = tmp_path / f"{what}.jpg"
        paths[what].write_bytes(content)
    paths["missing"] = tmp_path / "missing.jpg"
    paths["directory"] = tmp_path / "directory.jpg"
    paths["directory"].mkdir()
    return paths


@pytest.fixture(scope="session")
def settled() -> Callable[[Any], Any]:
    """Gives a generator the statistics that training would give it."""
    from keras_imgdesc.painting import ConditionalBatchNormalization

    def settle(generator: Any) -> Any:
        norms = [
            layer
            for layer in generator._flatten_layers()
            if isinstance(layer, ConditionalBatchNormalization)
        ]
        chance = np.random.default_rng(0)
        for layer in norms:
            layer.momentum = 0.0
        shapes = {
            "sentence": (generator.sentence_dim,),
            "noise": (generator.latent_dim,),
            "words": (6, generator.word_dim or 1),
        }
        batch = {
            name: chance.normal(size=(64, *shape)).astype("float32")
            for name, shape in generator.inputs_of(shapes).items()
        }
        generator(batch, training=True)
        for layer in norms:
            layer.momentum = 0.99
        return generator

    return settle


@pytest.fixture(scope="session")
def build_painter(settled: Callable[[Any], Any]) -> Callable[[int], Any]:
    """Makes a toy painter of 32 x 32, which tells its texts apart: (width)."""
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
        return TextToImage(encoder, settled(generator))

    return build


@pytest.fixture(scope="session")
def toy_painter(build_painter: Callable[[int], Any]) -> Any:
    """The smallest painter."""
    return build_painter(4)


@pytest.fixture(scope="session")
def exported_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict]:
    """Export a preset to every form once per run, for all processes: (name, build).

    `name` names the export. `build` returns a task, which is saved as a preset first,
    or the path of a preset. The forms are returned by name.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def export(name: str, build: Callable[[], Any]) -> dict[str, Any]:
        folder = root / "exported" / name
        folder.mkdir(parents=True, exist_ok=True)
        listing = folder / "forms.pickle"
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not listing.exists():
                fresh = Path(tempfile.mkdtemp(dir=folder))
                forms = _export(build(), fresh)
                listing.write_bytes(pickle.dumps(forms))
        return {form.name: form for form in pickle.loads(listing.read_bytes())}

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
    """The forms of `scenes_lstm`, by name."""
    from keras_imgdesc.presets.folders import find_preset

    return exported_once("scenes_lstm", lambda: find_preset("scenes_lstm"))


@pytest.fixture(scope="session")
def painter_forms(
    exported_once: Callable[..., dict], build_painter: Callable[[int], Any]
) -> dict[str, Any]:
    """The forms of a toy painter, by name.

    It is wide enough for matrices and transposed convolutions that become int8.
    """
    return exported_once("painter", lambda: build_painter(24))


@pytest.fixture(scope="session")
def matcher_forms(exported_once: Callable[..., dict]) -> dict[str, Any]:
    """The forms of a toy matcher of 32 x 32, by name."""
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
