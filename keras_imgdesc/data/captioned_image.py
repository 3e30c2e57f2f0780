"""One picture and what people say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class CaptionedImage:
    """A picture with its captions.

    Args:
        image_id: unique in its collection.
        path: the file, or `None` where the picture itself is held here.
        captions: raw text as the source has it, at least one.
        image: uint8 RGB `(height, width, 3)`, or the bytes of an image file, or
            `None` where there is a `path`.
        extra: whatever else the source knows, such as a scene graph.

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
        """What `load_image` takes: the picture if held here, else its path."""
        if self.image is not None:
            return self.image
        assert self.path is not None
        return self.path
