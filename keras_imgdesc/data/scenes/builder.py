"""Scenes as a builder of TensorFlow Datasets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from keras_imgdesc.data.scenes.caption_writing import caption_scene
from keras_imgdesc.data.scenes.making import IMAGE_SIZE, SPLITS, make_scene

DESCRIPTION = """\
One to three coloured shapes on plain, graded or textured backgrounds, with five
captions each and the exact scene graph, so that what a caption says can be checked.
Some pairs of colour and shape appear in the split `composition` alone.
"""


class ScenesConfig(tfds.core.BuilderConfig):
    """The number of images of each split.

    Args:
        train: number of images to train on.
        validation: number of images to validate with.
        test: number of images to test with.
        composition: number of images with held-out pairs of colour and shape.
        **kwargs: name and description.
    """

    def __init__(
        self, train: int, validation: int, test: int, composition: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        counts = (train, validation, test, composition)
        self.counts = dict(zip(SPLITS, counts, strict=True))


class Scenes(tfds.core.GeneratorBasedBuilder):
    """Coloured shapes with captions and scene graphs, drawn without a download.

    An image is a pure function of its split and its number (see `make_scene`). Use
    `load_scenes`, or the builder like any other of TensorFlow Datasets.

    Example:

    >>> from keras_imgdesc.data.scenes.builder import Scenes
    >>> sorted(Scenes.builder_configs)
    ['default', 'large', 'tiny']
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    BUILDER_CONFIGS: ClassVar[list[ScenesConfig]] = [
        ScenesConfig(12_000, 1_000, 2_000, 2_000, name="default"),
        ScenesConfig(48_000, 1_000, 2_000, 2_000, name="large"),
        ScenesConfig(300, 60, 60, 60, name="tiny"),
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        shape = (IMAGE_SIZE, IMAGE_SIZE, 3)
        features = {
            "id": tfds.features.Text(),
            "image": tfds.features.Image(shape=shape, encoding_format="png"),
            "captions": tfds.features.Sequence(tfds.features.Text()),
            "scene_graph": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=DESCRIPTION,
            features=tfds.features.FeaturesDict(features),
            # The order is random already, and the first n can be read quickly.
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        return {split: self._generate_examples(split) for split in SPLITS}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in range(self.builder_config.counts[split]):
            graph, image = make_scene(split, number)
            example = {
                "id": f"{split}-{number:05d}",
                "image": image,
                "captions": list(caption_scene(graph)),
                "scene_graph": graph.to_json(),
            }
            yield number, example
