import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.bootstrap import bootstrap, draw_counts, interval
from keras_imgdesc.evaluation.metric import (
    Metric,
    ResampledMetric,
    check_metrics,
    mean_sampler,
)


def test_each_resample_draws_as_many_images_as_there_are():
    blocks = list(draw_counts(num_images=7, num_resamples=120, seed=3))
    counts = np.concatenate(blocks)
    assert counts.shape == (120, 7) and (counts >= 0).all()
    assert (counts.sum(axis=1) == 7).all()
    again = np.concatenate(list(draw_counts(7, 120, 3)))
    assert (counts == again).all()
    other = np.concatenate(list(draw_counts(7, 120, 4)))
    assert (counts != other).any()


def test_the_spread_of_a_mean_is_that_of_statistics():
    values = np.random.default_rng(0).normal(50, 20, 400)
    found = bootstrap([mean_sampler({"x": values})], 400, 2000, seed=1)["x"]
    error = values.std() / np.sqrt(400)
    assert found.mean() == pytest.approx(values.mean(), abs=4 * error / np.sqrt(2000))
    low, high = interval(found)
    # 1.96 standard errors on each side, within a tenth of the width.
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.4 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.4 * error)


def test_metrics_share_their_resamples():
    values = np.random.default_rng(0).normal(size=30)
    samplers = [mean_sampler({"x": values}), mean_sampler({"y": values + 2})]
    found = bootstrap(samplers, 30, 60)
    np.testing.assert_allclose(found["y"] - found["x"], 2)
    alone = bootstrap(samplers[1:], 30, 60)
    assert (alone["y"] == found["y"]).all()


def test_without_resamples_there_is_nothing():
    assert bootstrap([mean_sampler({"x": np.ones(3)})], 3, 0) == {}


class Length:
    name = "length"
    higher_is_better = True
    is_installed = True

    def compute(self, outputs, collection):
        return {"length": 1.0}

    def check(self):
        if not self.is_installed:
            raise InputError("It is missing", "Install it")


def test_only_a_metric_with_a_sampler_can_be_resampled():
    assert isinstance(Length(), Metric) and not isinstance(Length(), ResampledMetric)


def test_what_metrics_need_is_checked():
    missing = Length()
    check_metrics([missing, mean_sampler])
    missing.is_installed = False
    with pytest.raises(InputError, match="missing"):
        check_metrics([Length(), missing])
