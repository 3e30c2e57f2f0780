"""A small captioner, exported once."""

from pathlib import Path

import keras
import pytest

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.export.saved_model.export import export_saved_model

PICTURES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def captioner() -> ImageCaptioner:
    """The preset that always ships: it tells pictures apart, as a toy would not."""
    keras.utils.set_random_seed(0)
    return ImageCaptioner.from_preset("scenes_lstm")


@pytest.fixture(scope="session")
def exported(captioner, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "scenes"
    return export_saved_model(captioner, folder)


@pytest.fixture(scope="session")
def picture_bytes() -> list[bytes]:
    """PNG and JPEG files."""
    paths = sorted(PICTURES.glob("pictures/*.png")) + sorted(
        PICTURES.glob("photos/*.jpg")
    )
    return [path.read_bytes() for path in paths]


@pytest.fixture(scope="session")
def expected(captioner, picture_bytes):
    """Python's own captions of them."""
    return captioner.generate(picture_bytes, return_attention=True)
