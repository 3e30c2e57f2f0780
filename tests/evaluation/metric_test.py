from keras_imgdesc.data import CaptionCollection
from keras_imgdesc.evaluation.metric import Metric, compute_metrics


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


def test_a_function_is_not_a_metric():
    assert isinstance(Share(), Metric)
    assert not isinstance(lambda outputs, collection: {}, Metric)
