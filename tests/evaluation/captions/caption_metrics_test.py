import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.caption_metrics import (
    CAPTION_METRICS,
    Bleu,
    CiderD,
    available_metrics,
    bleu,
    build_metrics,
    cider_d,
    default_metrics,
)
from keras_imgdesc.evaluation.captions.tokenizers import WordTokenizer
from keras_imgdesc.evaluation.metric import Metric, ResampledMetric, compute_metrics
from keras_imgdesc.training.captioner.recipe import CaptionRecipe


def names_of(metrics):
    return [metric.name for metric in metrics]


def test_metrics_score_a_collection_as_the_functions_do(collection, references):
    captions = ["a dog runs on the grass", "two men are in a park", "a cat"]
    found = compute_metrics([Bleu(), CiderD()], captions, collection)
    assert found == bleu(captions, references) | {
        "cider_d": cider_d(captions, references)
    }


def test_default_metrics_are_those_that_the_images_allow(collection):
    assert names_of(default_metrics(collection)) == ["bleu_4"]
    assert names_of(default_metrics(collection, "cider_d")) == ["bleu_4", "cider_d"]
    scenes = draw_scenes("test", 2)
    assert names_of(default_metrics(scenes, "scene_graph")) == ["bleu_4", "scene_graph"]


def test_every_metric_follows_the_protocol_by_its_name():
    for name, build in CAPTION_METRICS.items():
        metric = build()
        assert isinstance(metric, Metric) and isinstance(metric, ResampledMetric)
        assert metric.name == name and metric.higher_is_better
        assert CaptionRecipe(metric=name).metric == name
    with pytest.raises(InputError, match="cider_d"):
        CaptionRecipe(metric="rouge")


def test_metrics_are_built_by_their_names():
    tokenizer = WordTokenizer()
    found = build_metrics("named_things", "bleu_4", tokenizer=tokenizer)
    assert names_of(found) == ["bleu_4", "named_things"]
    assert found[0].tokenizer is tokenizer and not hasattr(found[1], "tokenizer")
    with pytest.raises(InputError, match=r"\['rouge'\].*rouge_l"):
        build_metrics("bleu_4", "rouge")


def test_what_is_missing_is_said_before_anything_starts(without_java):
    with pytest.raises(InputError, match="METEOR runs in Java"):
        build_metrics("bleu_4", "meteor")


def test_all_metrics_are_those_that_can_be_computed(without_java, collection):
    found, left_out = available_metrics(collection)
    assert names_of(found) == ["bleu_4", "rouge_l", "cider_d", "named_things"]
    assert list(left_out) == ["meteor", "spice", "scene_graph"]
    assert "Java" in left_out["meteor"] and "Java" in left_out["spice"]
    found, left_out = available_metrics(draw_scenes("test", 2))
    assert "scene_graph" in names_of(found) and "scene_graph" not in left_out
    one = CaptionCollection([CaptionedImage("1", None, ("a", "b"), b"")])
    found, left_out = available_metrics(one)
    assert "named_things" not in names_of(found) and "2" in left_out["named_things"]
