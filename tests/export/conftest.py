"""A small captioner and its exported forms."""

from pathlib import Path

import keras
import pytest

from keras_imgdesc.captioning import ImageCaptioner

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def captioner() -> ImageCaptioner:
    """The preset that always ships: it tells images apart, unlike a toy."""
    keras.utils.set_random_seed(0)
    return ImageCaptioner.from_preset("scenes_lstm")


@pytest.fixture(scope="session")
def exported(scenes_forms) -> Path:
    """The captioner's SavedModel."""
    return scenes_forms["SavedModel"].path


@pytest.fixture(scope="session")
def image_files() -> list[bytes]:
    """PNG and JPEG files."""
    paths = sorted(EXAMPLES.glob("pictures/*.png")) + sorted(
        EXAMPLES.glob("photos/*.jpg")
    )
    return [path.read_bytes() for path in paths]


@pytest.fixture(scope="session")
def expected(captioner, image_files):
    """Python's captions of these files."""
    return captioner.generate(image_files, return_attention=True)
