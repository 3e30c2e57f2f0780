from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from keras_imgdesc.data.scenes.sampling import sample_scene
from keras_imgdesc.data.scenes.scene_object import COLOURS, SHAPES, SIZES

COUNT = 1500


@pytest.fixture(scope="module", params=[False, True], ids=["usual", "held out"])
def scenes(request):
    generator = np.random.default_rng(3)
    graphs = [sample_scene(generator, held_out=request.param) for _ in range(COUNT)]
    return graphs, request.param


def test_objects_are_separate_and_within_the_image(scenes):
    for graph in scenes[0]:
        for item in graph.objects:
            for place in (item.x, item.y):
                assert item.radius + 0.019 < place < 0.981 - item.radius
        for a, b in combinations(graph.objects, 2):
            short, long = sorted((abs(a.x - b.x), abs(a.y - b.y)))
            assert long > a.radius + b.radius + 0.039
            # A margin of at least 7 pixels of 96 makes the relation visible.
            assert long - short > 7 / 96


def test_reading_order_is_to_the_right_or_downwards(scenes):
    for graph in scenes[0]:
        for (first, second), relation in graph.relations().items():
            is_forward = relation in ("left of", "above")
            assert is_forward == (first < second)


def test_no_two_objects_have_equal_words(scenes):
    for graph in scenes[0]:
        assert len({item.words for item in graph.objects}) == len(graph.objects)


def test_held_out_pairs_are_in_all_or_in_none(scenes):
    graphs, held_out = scenes
    for graph in graphs:
        assert any(item.is_held_out for item in graph.objects) == held_out


def test_words_and_counts_are_all_frequent(scenes):
    graphs, _ = scenes
    counts = Counter(len(graph.objects) for graph in graphs)
    assert abs(counts[1] / COUNT - 0.2) < 0.05
    assert abs(counts[3] / COUNT - 0.4) < 0.05
    words = Counter(w for graph in graphs for item in graph.objects for w in item.words)
    assert set(words) == {*SIZES, *COLOURS, *SHAPES}
    objects = words["small"] + words["large"]
    assert min(words[colour] for colour in COLOURS) > 0.5 * objects / len(COLOURS)
    assert min(words[shape] for shape in SHAPES) > 0.7 * objects / len(SHAPES)
