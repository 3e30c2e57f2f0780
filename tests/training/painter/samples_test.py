import numpy as np
from PIL import Image

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.evaluation.paintings.diversity import text_diversity
from keras_imgdesc.training.painter.samples import SampleSheets

TEXTS = ["a red bird", "a red bird", "a blue dog", "a bird"]


def test_sheets_have_the_same_texts_and_noise(toy_painter, tmp_path):
    collection = CaptionCollection(
        [
            CaptionedImage(str(i), None, (text,), np.full((9, 9, 3), 50 * i, "uint8"))
            for i, text in enumerate(TEXTS)
        ]
    )
    sheets = SampleSheets(toy_painter, collection, 3, 2, tmp_path / "samples", seed=4)
    assert sheets.texts == ["a red bird", "a blue dog", "a bird"]
    assert sheets.real.shape == (3, 32, 32, 3) and sheets.real[0].max() == 0
    painted = toy_painter.generate(sheets.texts, 2, noise=sheets.noise)
    assert sheets.paint(1) == text_diversity(painted) == sheets.paint(2)
    first, second = (np.asarray(Image.open(sheets.path(n))) for n in (1, 2))
    assert sheets.path(2).name == "epoch_002.png"
    np.testing.assert_array_equal(first, second)
    again = SampleSheets(toy_painter, collection, 3, 2, tmp_path, seed=5)
    assert (again.noise != sheets.noise).all()
