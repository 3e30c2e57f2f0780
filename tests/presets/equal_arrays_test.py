import numpy as np
import pytest

from keras_imgdesc.presets.equal_arrays import match_paths, paths_below

ONE, TWO, THREE = np.random.default_rng(0).normal(size=(3, 4, 4)).astype("float32")
ZEROS = np.zeros(4, "float32")


def test_one_path_stands_for_all_that_is_below():
    others = {
        "encoder/first/kernel": ONE,
        "encoder/first/bias": ZEROS,
        "encoder/second/kernel": TWO,
        "head/head/kernel": THREE,
    }
    arrays = {
        "encoder/first/kernel": ONE,
        "encoder/first/bias": ZEROS,
        "encoder/second/kernel": TWO + 1,
        "decoder/concepts/head/kernel": THREE,
        "decoder/lstm/bias": ZEROS,
    }
    paths = match_paths(arrays, others)
    assert paths == {
        "encoder/first": "encoder/first",
        "decoder/concepts/head/kernel": "head/head/kernel",
    }
    assert paths_below(paths, others) == {
        "encoder/first/kernel": "encoder/first/kernel",
        "encoder/first/bias": "encoder/first/bias",
        "decoder/concepts/head/kernel": "head/head/kernel",
    }
    arrays["encoder/second/kernel"] = TWO
    assert match_paths(arrays, others) == {
        "encoder": "encoder",
        "decoder/concepts/head/kernel": "head/head/kernel",
    }


def test_a_part_that_has_another_name_is_found():
    others = {"a/x/kernel": ONE, "a/y/kernel": TWO, "a/z": THREE}
    arrays = {"b/c/x/kernel": ONE, "b/c/y/kernel": TWO, "d/w": THREE}
    paths = match_paths(arrays, others)
    assert paths == {"b/c": "a", "d/w": "a/z"}
    assert (
        paths_below(paths, others).items()
        >= {
            "b/c/x/kernel": "a/x/kernel",
            "b/c/y/kernel": "a/y/kernel",
            "d/w": "a/z",
        }.items()
    )


def test_a_longer_path_says_more():
    others = {"a/x": ONE, "b/y": TWO}
    paths = {"c": "a", "c/x": "b/y"}
    assert paths_below(paths, others) == {"c/x": "b/y"}
    # Whole components only.
    assert paths_below({"c": "a"}, {"ab/x": ONE}) == {}


@pytest.mark.parametrize(
    "other",
    [ONE.astype("float16"), ONE.reshape(16), -ONE, np.full_like(ONE, 3)],
    ids=["type", "shape", "values", "constant"],
)
def test_other_arrays_are_not_equal(other):
    assert match_paths({"a/kernel": ONE}, {"a/kernel": other}) == {}


def test_equal_constants_alone_are_chance():
    assert match_paths({"a/bias": ZEROS}, {"a/bias": ZEROS}) == {}
    assert match_paths({"a/none": ZEROS[:0]}, {"a/none": ZEROS[:0]}) == {}
