"""Captions of Scenes, judged by the scene graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.scenes import graph_matches, objects_match
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.mean_metric import MeanMetric


class SceneCaptionAccuracy(MeanMetric):
    """Share of captions of Scenes that are exactly right, judged by the scene graphs.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.captions.scene_accuracy import (
    ...     SceneCaptionAccuracy,
    ... )
    >>> scenes = draw_scenes("test", 2)
    >>> captions = [scenes[0].captions[0], "a dog"]
    >>> SceneCaptionAccuracy().compute(captions, scenes)
    {'scene_graph': 50.0, 'scene_objects': 50.0}
    """

    name = "scene_graph"
    higher_is_better = True

    def score_images(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, np.ndarray]:
        """Return `scene_graph` and `scene_objects` of each image, 0 or 100.

        Args:
            captions: generated captions, one per image.
            collection: images with a scene graph in `extra["scene_graph"]`.

        Returns:
            `scene_graph`: whether objects and relations are right.
            `scene_objects`: whether the objects are right.

        Raises:
            InputError: an image has no scene graph, or the numbers of captions and
                images differ.
        """
        graphs = [example.extra.get("scene_graph") for example in collection]
        if not all(graphs) or not 0 < len(captions) == len(graphs):
            raise InputError(
                "This metric needs one caption per image and the images' scene graphs",
                "Evaluate on Scenes, or choose 'bleu_4' or 'cider_d'",
                captions=len(captions),
                images=len(graphs),
                scene_graphs=sum(graph is not None for graph in graphs),
            )
        pairs: list[tuple[str, Any]] = list(zip(captions, graphs, strict=True))
        return {
            "scene_graph": 100 * np.array([graph_matches(*p) for p in pairs], float),
            "scene_objects": 100 * np.array([objects_match(*p) for p in pairs], float),
        }
