import numpy as np
import pytest

from keras_imgdesc import ImageCaptioner, ImageTextMatcher
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import UnknownWordsWarning
from keras_imgdesc.evaluation.paintings.closed_loop import same_objects
from keras_imgdesc.evaluation.paintings.round_trip import RoundTrip, round_trip
from keras_imgdesc.visualization.contact_sheets import GAP


class DrawnScenes:
    """A painter that returns scenes of the data set, whatever the text."""

    def __init__(self, scenes):
        self.images = np.stack([scene.image for scene in scenes])

    def generate(self, text, num_images, seed, temperature):
        self.asked = (seed, temperature)
        return self.images[:num_images]


@pytest.fixture(scope="module")
def models():
    return [
        ImageTextMatcher.from_preset("scenes_matcher"),
        ImageCaptioner.from_preset("scenes_lstm"),
    ]


def test_the_image_of_the_text_is_chosen_and_described(models):
    scenes = draw_scenes("validation", 6).examples
    for place in (4, 5):
        text = scenes[place].captions[0]
        painter = DrawnScenes(scenes)
        trip = round_trip(painter, *models, text, 6, seed=3, temperature=0.5)
        assert painter.asked == (3, 0.5)
        np.testing.assert_array_equal(trip.images[0], scenes[place].image)
        assert (np.diff(trip.probabilities) <= 0).all()
        assert trip.probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert trip.probabilities[0] > 0.5
        assert trip.same_objects == same_objects(text, trip.text_out)
        assert 0.5 < trip.similarity <= 1
    # Captions are in the order of the images.
    assert len(set(trip.captions)) > 3
    assert models[1].generate(list(trip.images[::-1])) == trip.captions[::-1]


def test_texts_of_other_content_are_less_similar(models):
    scenes = draw_scenes("validation", 2).examples
    painter = DrawnScenes(scenes[:1] * 6)
    right, wrong = (
        round_trip(painter, *models, scene.captions[0], 6) for scene in scenes
    )
    assert right.similarity > wrong.similarity + 0.1
    assert right.same_objects and right.same_scene and not wrong.same_objects
    assert right.summary()["same_scene"] is True


def test_an_empty_caption_has_no_similarity(models):
    class Silent:
        def generate(self, images):
            return [""] * len(images)

    painter = DrawnScenes(draw_scenes("validation", 6))
    with pytest.warns(UnknownWordsWarning, match="the matcher: rose"):
        trip = round_trip(painter, models[0], Silent(), "a red rose", 6)
    assert trip.similarity == 0.0
    assert trip.same_objects is None and trip.same_scene is None
    assert "same_objects" not in trip.summary()


def test_the_sheet_shows_all_images_in_order():
    greys = np.stack([np.full((8, 8, 3), v, np.uint8) for v in (10, 20, 30)])
    trip = RoundTrip("a", greys, np.array([0.5, 0.3, 0.2]), ["x", "y", "z"], 1.0)
    sheet = np.asarray(trip.sheet(columns=2))
    step, top = 192 + GAP, sheet.shape[0] // 2
    assert sheet.shape[1] == 2 * step + GAP
    assert (sheet[100, [50, 50 + step]] == [[10] * 3, [20] * 3]).all()
    assert (sheet[top + 100, 50] == 30).all() and sheet[top + 100, 50 + step, 0] == 255
