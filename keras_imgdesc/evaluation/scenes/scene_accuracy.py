"""Whether painted scenes show what they were asked for, by rules."""

from __future__ import annotations

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    GenerateFunction,
    chosen_texts,
    paint,
)
from keras_imgdesc.evaluation.scenes.scene_scoring import score_scenes


class SceneAccuracy:
    """Painted scenes read by `read_scene`, which has learned nothing.

    Args:
        limit: only so many texts of the collection.
        seed: of the painting.
    """

    def __init__(self, limit: int | None = None, seed: int = 0) -> None:
        self.limit = limit
        self.seed = seed
        self.settings = {"scene_reader": "colours, regions and shapes by rules"}

    def __call__(
        self, generate: GenerateFunction, validation: CaptionCollection
    ) -> dict[str, float]:
        """Measures a generator.

        Args:
            generate: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            validation: scenes with captions.

        Returns:
            `scene_objects` and so on, as `score_scenes`, in percent.
        """
        texts = chosen_texts(validation, self.limit)
        return score_scenes(list(paint(generate, texts, self.seed)), texts)
