"""Fixtures for all tests."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


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
