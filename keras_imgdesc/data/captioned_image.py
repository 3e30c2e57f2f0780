"""One image and its captions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class CaptionedImage:
    """An image with its captions.

    Args:
        image_id: id, unique within a collection.
        path: path of the file; None if `image` holds the image.
        captions: raw texts, as in the source; at least one, or none where nothing but
            the image is used.
        image: uint8 RGB `(height, width, 3)`, the bytes of an image file, or None if
            there is a `path`.
        extra: further facts by name, such as a scene graph or a class label.

    Raises:
        ValueError: there is neither a path nor an image.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data import CaptionedImage
    >>> grey = np.full((4, 4, 3), 128, "uint8")
    >>> example = CaptionedImage("1", None, ("a grey square",), grey)
    >>> example.source.shape
    (4, 4, 3)
    """

    image_id: str
    path: Path | None
    captions: tuple[str, ...]
    image: np.ndarray | bytes | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path is None and self.image is None:
            raise ValueError(f"{self.image_id!r} has neither a path nor an image")

    @property
    def source(self) -> Path | np.ndarray | bytes:
        """The argument for `load_image`: the image if it is held, else its path."""
        if self.image is not None:
            return self.image
        assert self.path is not None
        return self.path
