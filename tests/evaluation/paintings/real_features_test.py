import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.evaluation.paintings.real_features import RealFeatures


def test_features_of_the_same_images_are_computed_once():
    calls = []

    def extractor(images):
        calls.append(images.shape)
        return images.mean(axis=(1, 2))

    features = RealFeatures(extractor)
    scenes = draw_scenes("test", 6)
    first = features(scenes, 32)
    # Every evaluation makes its own collection of the same images.
    again = CaptionCollection(list(scenes))
    assert features(again, 32) is first and len(calls) == 1
    np.testing.assert_array_equal(features(again, 32, 4), first[:4])
    features(again, 16, 4)
    other = draw_scenes("validation", 4)
    assert not np.array_equal(features(other, 16), first[:4])
    assert calls == [(6, 32, 32, 3), (4, 32, 32, 3), (4, 16, 16, 3), (4, 16, 16, 3)]
