"""Tests of load_coco_captions, on a small data set of the same schema."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from keras_imgdesc.data import load_coco_captions
from keras_imgdesc.errors import InputError
from keras_imgdesc.images import load_image

# Ids and captions: one caption is empty, and one image has none.
ROWS = {
    "train": [(5, ["A dog.", "The dog."]), (3, ["A cat.", " "]), (9, [])],
    "val": [(4, ["A hen."])],
    "test": [(8, ["A cow."])],
    "restval": [(1, ["A fish."])],
}


class CocoCaptions(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """A data set with the name, version and features of the real one."""

    VERSION = tfds.core.Version("1.1.0")
    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name="2014")]  # noqa: RUF012

    def _info(self) -> tfds.core.DatasetInfo:
        box = {
            "area": np.int64,
            "bbox": tfds.features.BBoxFeature(),
            "id": np.int64,
            "is_crowd": np.bool_,
            "label": tfds.features.ClassLabel(num_classes=80),
        }
        features = {
            "image": tfds.features.Image(encoding_format="jpeg"),
            "image/filename": tfds.features.Text(),
            "image/id": np.int64,
            "objects": tfds.features.Sequence(box),
            "captions": tfds.features.Sequence({"text": np.str_, "id": np.int64}),
        }
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features)
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in ROWS}

    def _generate_examples(self, split):
        for number, captions in ROWS[split]:
            yield (
                number,
                {
                    "image": np.full((20, 30, 3), number * 20, np.uint8),
                    "image/filename": f"COCO_{number:04d}.jpg",
                    "image/id": number,
                    "objects": [],
                    "captions": [
                        {"text": text, "id": position}
                        for position, text in enumerate(captions)
                    ],
                },
            )


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tfds")
    CocoCaptions(config="2014", data_dir=folder).download_and_prepare()
    return folder


def test_images_have_the_bytes_of_their_files_and_captions(data_dir):
    collection = load_coco_captions("train", data_dir=data_dir)
    examples = {example.image_id: example for example in collection}
    assert set(examples) == {"5", "3"}
    assert examples["5"].captions == ("A dog.", "The dog.")
    assert examples["5"].extra == {"file_name": "COCO_0005.jpg"}
    image = load_image(examples["5"].source)
    assert image.shape == (20, 30, 3)
    assert abs(int(image[10, 10, 0]) - 100) < 3


def test_problems_are_listed_or_raise(data_dir):
    collection = load_coco_captions("train", data_dir=data_dir)
    assert {(p.kind, p.name) for p in collection.problems} == {
        ("empty caption", "3.captions[1]"),
        ("image without captions", "9"),
    }
    with pytest.raises(InputError, match="on_problem='error'"):
        load_coco_captions("train", data_dir=data_dir, on_problem="error")


def test_splits_can_be_joined_and_limited(data_dir):
    both = load_coco_captions("val+restval", data_dir=data_dir, on_problem="error")
    assert sorted(example.image_id for example in both) == ["1", "4"]
    one = load_coco_captions("val+restval", data_dir=data_dir, limit=1)
    assert len(one) == 1
    with pytest.raises(InputError, match="restval, test, train, val"):
        load_coco_captions("dev", data_dir=data_dir)


def test_images_can_be_written_to_files(data_dir, tmp_path):
    folder = tmp_path / "photos"
    first = load_coco_captions("val", data_dir=data_dir, images_dir=folder)
    assert first[0].image is None
    assert first[0].path == folder / "COCO_0004.jpg"
    assert load_image(first[0].source).shape == (20, 30, 3)
    written = first[0].path.stat().st_mtime_ns
    load_coco_captions("val", data_dir=data_dir, images_dir=folder)
    assert first[0].path.stat().st_mtime_ns == written
    assert [path.name for path in folder.iterdir()] == ["COCO_0004.jpg"]


def test_missing_data_is_not_downloaded(tmp_path):
    with pytest.raises(InputError, match="must have been prepared"):
        load_coco_captions("val", data_dir=tmp_path)
    with pytest.raises(InputError, match="'skip' or 'error'"):
        load_coco_captions("val", data_dir=tmp_path, on_problem="ignore")
    with pytest.raises(InputError, match="at least 1"):
        load_coco_captions("val", data_dir=tmp_path, limit=0)
