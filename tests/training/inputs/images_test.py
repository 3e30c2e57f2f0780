import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.training.inputs.augmentation import Augmentation
from keras_imgdesc.training.inputs.images import read_inputs
from keras_imgdesc.vision import VGG16Encoder


@pytest.mark.parametrize("views", [1, 2])
def test_photographs_that_were_replaced_are_seen_by_a_resumed_run(
    tmp_path, caplog, views
):
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    collection = CaptionCollection(
        [CaptionedImage(path.name, path, ("a photo",)) for path in paths]
    )
    for path in paths:
        Image.new("RGB", (40, 30), (200, 30, 90)).save(path)

    def read():
        gather, _ = read_inputs(
            collection,
            encoder,
            tmp_path / "features",
            image_size=32,
            views=views,
            augmentation=Augmentation(flip=True, crop=0.8),
            seed=0,
            progress=False,
        )
        return gather(np.arange(3 * views)).astype("float32")

    before = read()
    noise = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    Image.fromarray(noise).save(paths[1])
    after = read()
    assert "were replaced: 1, first 1.png;" in caplog.text
    same = [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert same == [True] * views + [False] * views + [True] * views
