import pytest

from keras_imgdesc.data import CaptionCollection
from keras_imgdesc.evaluation.metric import Metric, compute_metrics, is_improvement


class Distance:
    name = "distance"
    higher_is_better = False

    def compute(self, outputs, collection):
        return {"distance": float(outputs), "images": float(len(collection))}


class Share:
    name = "share"
    higher_is_better = True

    def compute(self, outputs, collection):
        return {"share": 1 - float(outputs)}


def test_numbers_of_all_metrics_are_in_their_order():
    found = compute_metrics([Share(), Distance()], 0.25, CaptionCollection([]))
    assert list(found.items()) == [("share", 0.75), ("distance", 0.25), ("images", 0.0)]


@pytest.mark.parametrize(
    ("metric", "value", "earlier", "expected"),
    [
        (Share(), 2.0, [1.0, 0.0], True),
        (Share(), 1.0, [1.0, 0.0], False),
        (Distance(), 1.0, [2.0, 3.0], True),
        (Distance(), 2.5, [2.0, 3.0], False),
        (Distance(), 2.0, [2.0], False),
        (Distance(), 9.0, [], True),
        (Share(), float("nan"), [1.0], False),
    ],
)
def test_the_direction_decides_what_is_better(metric, value, earlier, expected):
    assert is_improvement(metric, value, earlier) is expected


def test_a_function_is_no_metric():
    assert isinstance(Share(), Metric)
    assert not isinstance(lambda outputs, collection: {}, Metric)
