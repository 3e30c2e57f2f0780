"""What a `.tflite` file computes of an image."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.lite.model_file import ModelFile
from keras_imgdesc.lite.resizing import read_stretched


class ImageRunner:
    """Run a signature of a `.tflite` file on images: read, turn upright, stretch, run.

    Not thread-safe; `parallel.map_images` starts one in each process.

    Args:
        path: the `.tflite` file.
        signature: name of a signature whose only input is `image`, uint8 (1,
            image_size, image_size, 3).
        image_size: side of the square that images are stretched to, in pixels.
        num_threads: number of threads of the interpreter; None lets LiteRT choose.
        runner: the signature in LiteRT, if the file is open already.

    Attributes:
        target, settings: what another process makes the same function of.
    """

    target = f"{__name__}:ImageRunner"

    def __init__(
        self,
        path: str | PathLike[str],
        signature: str,
        image_size: int,
        num_threads: int | None = None,
        runner: Any = None,
    ) -> None:
        self.settings = {
            "path": os.path.abspath(path),
            "signature": signature,
            "image_size": image_size,
            "num_threads": num_threads,
        }
        self._size = (image_size, image_size)
        if runner is None:
            interpreter = ModelFile(Path(path), {}, []).open(num_threads)
            runner = interpreter.get_signature_runner(signature)
        self._runner = runner

    def __call__(self, source: Any) -> dict[str, np.ndarray]:
        """Compute the outputs of the signature, with a batch dimension of 1.

        Another output, `damage`, says what is missing of the image: uint8 (letters,),
        empty if nothing is. See `damage_in`.

        Args:
            source: a path, the bytes of a file, a Pillow image, or a uint8 array
                (height, width, 3).

        Raises:
            ImageError: the image cannot be read.
        """
        pixels, damage = read_stretched(source, self._size)
        letters = np.frombuffer(damage.encode(), np.uint8)
        return dict(self._runner(image=pixels[None])) | {"damage": letters}


def damage_in(outputs: dict[str, np.ndarray]) -> str:
    """Return what is missing of an image by the outputs of an `ImageRunner`."""
    letters = outputs.get("damage")
    return "" if letters is None else letters.tobytes().decode()
