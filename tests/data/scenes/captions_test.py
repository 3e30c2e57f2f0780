"""Tests of writing and parsing captions, by brute force over many scenes."""

import numpy as np
import pytest

from keras_imgdesc.data.scenes import (
    SceneGraph,
    SceneObject,
    caption_scene,
    graph_matches,
    objects_match,
    parse_caption,
    relations_match,
)
from keras_imgdesc.data.scenes.caption_writing import PHRASES
from keras_imgdesc.data.scenes.sampling import sample_scene
from keras_imgdesc.data.scenes.scene_object import COLOURS, SHAPES, SIZES
from keras_imgdesc.text import CaptionTokenizer, Vocabulary

FLIPPED = {
    "left": "right",
    "right": "left",
    "above": "below",
    "below": "above",
    "over": "under",
    "under": "over",
}


@pytest.fixture(scope="module")
def scenes() -> list[SceneGraph]:
    generator = np.random.default_rng(7)
    return [sample_scene(generator, held_out=bool(n % 4 == 0)) for n in range(2000)]


def test_every_caption_is_parsed_as_its_scene(scenes):
    for graph in scenes:
        captions = caption_scene(graph)
        assert len(set(captions)) == 5
        for caption in captions:
            assert graph_matches(caption, graph), caption
            parsed = parse_caption(caption)
            assert len(parsed.relations) == len(graph.objects) - 1


def test_a_changed_attribute_is_wrong(scenes):
    for number, graph in enumerate(scenes):
        caption = caption_scene(graph)[number % 5]
        words = caption.split()
        for position, word in enumerate(words):
            for options in (SIZES, COLOURS, SHAPES):
                if word not in options:
                    continue
                other = options[(options.index(word) + 1) % len(options)]
                changed = " ".join([*words[:position], other, *words[position + 1 :]])
                assert not graph_matches(changed, graph), changed
                assert not objects_match(changed, graph), changed


def test_a_changed_relation_is_wrong(scenes):
    for number, graph in enumerate(scenes):
        words = caption_scene(graph)[number % 5].split()
        for position, word in enumerate(words):
            if word in FLIPPED:
                flipped = [*words[:position], FLIPPED[word], *words[position + 1 :]]
                changed = " ".join(flipped)
                assert not graph_matches(changed, graph), changed
                assert objects_match(changed, graph)
                assert not relations_match(changed, graph)


def test_exchanged_objects_are_wrong(scenes):
    for graph in scenes:
        if len(graph.objects) > 1:
            first, second = (" ".join(item.words) for item in graph.objects[:2])
            caption = caption_scene(graph)[0]
            changed = caption.replace(first, "?").replace(second, first)
            changed = changed.replace("?", second)
            assert not graph_matches(changed, graph), changed


def test_an_additional_or_missing_word_is_wrong(scenes):
    for number, graph in enumerate(scenes[:300]):
        words = caption_scene(graph)[number % 5].split()
        for position in range(len(words)):
            shorter = words[:position] + words[position + 1 :]
            doubled = words[: position + 1] + words[position:]
            assert parse_caption(" ".join(shorter)) is None or position < 3
            assert not graph_matches(" ".join(doubled), graph)


PAIR = SceneGraph(
    (
        SceneObject("small", "red", "circle", 0.2, 0.5, 0.1),
        SceneObject("large", "blue", "star", 0.8, 0.5, 0.17),
    )
)
ROW = SceneGraph((*PAIR.objects, SceneObject("small", "black", "heart", 1.5, 0.5, 0.1)))


@pytest.mark.parametrize(
    ("caption", "objects", "relations"),
    [
        ("a small red circle left of a large blue star", True, True),
        ("A small red circle, to the left of a large blue star!", True, True),
        ("a large blue star right of a small red circle", True, True),
        ("a small red circle right of a large blue star", True, False),
        ("a small red circle above a large blue star", True, False),
        ("a small red circle", False, True),
        ("a small red circle left of a large green star", False, False),
        ("a small red circle left of a small red circle", False, False),
        ("a small red circle and a large blue star", False, False),
        ("a red circle left of a large blue star", False, False),
        ("", False, False),
        ("here is", False, False),
        ("a small red circle left of", False, False),
    ],
)
def test_objects_and_relations_are_judged_separately(caption, objects, relations):
    assert objects_match(caption, PAIR) == objects
    assert relations_match(caption, PAIR) == relations
    assert graph_matches(caption, PAIR) == (objects and relations)


def test_any_true_chain_of_relations_is_right():
    circle, star, heart = ("a " + " ".join(item.words) for item in ROW.objects)
    assert graph_matches(f"we see {circle} left of {star} left of {heart}", ROW)
    assert graph_matches(f"{star} right of {circle} to the left of {heart}", ROW)
    assert not graph_matches(f"{star} right of {circle} right of {heart}", ROW)
    assert not graph_matches(f"{star} right of {circle}", ROW)
    assert not graph_matches(f"{star} right of {circle} left of {star}", ROW)


def test_captions_fit_24_tokens_and_survive_the_tokenizer(scenes):
    captions = [caption for graph in scenes for caption in caption_scene(graph)]
    lengths = [len(caption.split()) for caption in captions]
    assert max(lengths) == 22
    vocabulary = Vocabulary.build(captions[:5000])
    assert len(vocabulary) == 4 + 32
    tokenizer = CaptionTokenizer(vocabulary, sequence_length=24)
    some = captions[:500]
    assert tokenizer.detokenize(np.asarray(tokenizer(some))) == some


def test_both_phrases_of_each_relation_are_used(scenes):
    text = "\n".join(caption for graph in scenes for caption in caption_scene(graph))
    for phrases in PHRASES.values():
        for phrase in phrases:
            assert f" {phrase} a " in text
