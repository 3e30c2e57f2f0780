"""Whether painted scenes show what their texts say, judged by rules."""

from __future__ import annotations

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import select_texts
from keras_imgdesc.evaluation.paintings.paint_function import (
    PaintFunction,
    paint_texts,
)
from keras_imgdesc.evaluation.scenes.scene_scoring import SCENE_SCORES, score_scenes


class SceneAccuracy:
    """Painted scenes, read by `read_scene` and compared with their texts.

    No learned model takes part.

    Args:
        name: the number that models are compared by, one of `SCENE_SCORES`.
        limit: number of texts, from the start of the collection; None takes all.
        seed: seed of the painting.

    Raises:
        InputError: `name` is unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.paintings.scene_accuracy import SceneAccuracy
    >>> scenes = draw_scenes("test", 4)
    >>> images = np.stack([scene.image for scene in scenes])
    >>> metric = SceneAccuracy("scene_objects")
    >>> metric.compute(lambda texts, seed: images, scenes)["scene_objects"]
    100.0
    """

    higher_is_better = True

    def __init__(
        self, name: str = "scene_exact", limit: int | None = None, seed: int = 0
    ) -> None:
        if name not in SCENE_SCORES:
            raise InputError(
                "The name must be that of a score of Scenes",
                f"Use one of {list(SCENE_SCORES)}",
                name=name,
            )
        self.name = name
        self.limit = limit
        self.seed = seed
        self.settings = {"scene_reader": "colours, regions and shapes by rules"}

    def compute(
        self, paint: PaintFunction, collection: CaptionCollection
    ) -> dict[str, float]:
        """Return the scores of `score_scenes`, in percent.

        Args:
            paint: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            collection: scenes with captions.

        Raises:
            InputError: a caption is not one of Scenes.
        """
        texts = select_texts(collection, self.limit)
        return score_scenes(list(paint_texts(paint, texts, self.seed)), texts)
