import math

import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.caption_metrics import (
    CAPTION_METRICS,
    Bleu,
    CiderD,
    SceneCaptionAccuracy,
    bleu,
    cider_d,
    default_metrics,
)
from keras_imgdesc.evaluation.metric import Metric, compute_metrics
from keras_imgdesc.training.captioner.recipe import CaptionRecipe

REFERENCES = [
    ["A dog runs on the grass.", "the brown dog is running"],
    ["Two men play soccer", "two men are playing football in a park"],
]


def test_bleu_equals_a_count_by_hand():
    # The reference contains 4 of 5 words, 2 of 4 pairs and 1 of 3 triples. It has 6
    # words, so the brevity penalty is exp(1 - 6 / 5).
    score = bleu(["a dog runs across grass"], [["A dog runs on the grass."]])
    penalty = math.exp(1 - 6 / 5)
    assert score["bleu_1"] == pytest.approx(100 * penalty * 4 / 5)
    assert score["bleu_2"] == pytest.approx(100 * penalty * math.sqrt(4 / 5 * 2 / 4))
    assert score["bleu_3"] == pytest.approx(
        100 * penalty * (4 / 5 * 2 / 4 * 1 / 3) ** (1 / 3)
    )
    assert score["bleu_4"] == 0
    assert score["length_ratio"] == pytest.approx(5 / 6)


def test_bleu_counts_over_the_corpus_and_not_per_image():
    captions = ["a dog runs on the grass", "zebra"]
    together = bleu(captions, REFERENCES)
    # 6 of 7 words; the mean over images would be a half.
    ratio = together["length_ratio"]
    assert together["bleu_1"] == pytest.approx(
        100 * 6 / 7 * min(1, math.exp(1 - 1 / ratio))
    )


def test_punctuation_case_and_numbers_of_references_do_not_matter():
    one = bleu(["Two men play soccer!"], [["two men play soccer"]])
    assert one["bleu_4"] == pytest.approx(100)
    uneven = bleu(
        ["a dog runs on the grass", "two men play soccer"],
        [REFERENCES[0], ["two men play soccer"]],
    )
    assert uneven["bleu_4"] == pytest.approx(100)


def test_cider_prefers_words_that_distinguish_images():
    right = cider_d(["a dog runs on the grass", "two men play soccer"], REFERENCES)
    swapped = cider_d(["two men play soccer", "a dog runs on the grass"], REFERENCES)
    assert right > 1 > 0.2 > swapped >= 0


@pytest.mark.parametrize(
    ("captions", "references", "received"),
    [
        (["a"], [], "references=0"),
        ([], [], "captions=0"),
        (["a", "b"], [["a"], []], "index=1"),
    ],
)
def test_wrong_arguments_are_refused(captions, references, received):
    with pytest.raises(InputError, match=received):
        bleu(captions, references)


@pytest.fixture
def collection():
    return CaptionCollection(
        [
            CaptionedImage(str(number), None, tuple(captions), b"jpeg")
            for number, captions in enumerate(REFERENCES)
        ]
    )


def test_metrics_score_a_collection_as_the_functions_do(collection):
    captions = ["a dog runs on the grass", "two men are in a park"]
    found = compute_metrics([Bleu(), CiderD()], captions, collection)
    assert found == bleu(captions, REFERENCES) | {
        "cider_d": cider_d(captions, REFERENCES)
    }


def test_scenes_are_scored_by_their_graphs():
    scenes = draw_scenes("test", 20)
    metric = SceneCaptionAccuracy()
    right = [scene.captions[i % 5] for i, scene in enumerate(scenes)]
    assert metric.compute(right, scenes)["scene_graph"] == 100
    shifted = right[1:] + right[:1]
    assert metric.compute(shifted, scenes)["scene_graph"] < 20
    half = right[:10] + shifted[10:]
    assert 50 <= metric.compute(half, scenes)["scene_graph"] < 65


def test_graphs_are_needed_for_every_image(collection):
    with pytest.raises(InputError, match="scene_graphs=0"):
        SceneCaptionAccuracy().compute(["a", "b"], collection)


def test_default_metrics_are_those_that_the_images_allow(collection):
    def names(*arguments):
        return [metric.name for metric in default_metrics(*arguments)]

    assert names(collection) == ["bleu_4"]
    assert names(collection, "cider_d") == ["bleu_4", "cider_d"]
    scenes = draw_scenes("test", 2)
    assert names(scenes, "scene_graph") == ["bleu_4", "scene_graph"]


def test_recipes_accept_all_metrics_by_their_names():
    for name, metric in CAPTION_METRICS.items():
        assert isinstance(metric(), Metric) and metric().name == name
        assert CaptionRecipe(metric=name).metric == name
    with pytest.raises(InputError, match="cider_d"):
        CaptionRecipe(metric="rouge")
