"""The protocol of every metric, shared by training, evaluation and reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection

Outputs = TypeVar("Outputs", contravariant=True)

# How often each resample draws each image, int (resamples, images), to the numbers of
# each resample, float (resamples,), by name.
Sampler = Callable[[np.ndarray], dict[str, np.ndarray]]


@runtime_checkable
class Metric(Protocol[Outputs]):
    """A measurement of a model's outputs on a collection of captioned images.

    All tasks share this protocol. They differ in the type of `outputs`:

    | task | `outputs` | metrics |
    |---|---|---|
    | captioner | captions, one per image | `Bleu`, `CiderD`, `NamedThings`, ... |
    | matcher | a `ScoreFunction` | `RetrievalRecall`, `HardChoice` |
    | painter | a `PaintFunction` | `FrechetDistance`, `RPrecision`, ... |
    | classifier | probabilities | `ClassificationAccuracy`, `TeacherAgreement` |

    A metric may also have a dict `settings`: what has to be reported with its numbers,
    such as the name of the model that measured them; and a method `check`, which raises
    an `InputError` if something it needs is not installed (see `check_metrics`).

    Attributes:
        name: key of the number in the result of `compute` by which models are compared.
            A training keeps the model with the best one.
        higher_is_better: whether the best is the largest; False for a distance.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.metric import Metric
    >>> class MeanLength:
    ...     name = "words"
    ...     higher_is_better = False
    ...     def compute(self, outputs, collection):
    ...         words = [len(caption.split()) for caption in outputs]
    ...         return {"words": sum(words) / len(words)}
    >>> isinstance(MeanLength(), Metric)
    True
    >>> MeanLength().compute(["a red star", "a star"], draw_scenes("test", 2))
    {'words': 2.5}
    """

    @property
    def name(self) -> str: ...

    @property
    def higher_is_better(self) -> bool: ...

    def compute(
        self, outputs: Outputs, collection: CaptionCollection, /
    ) -> dict[str, float]:
        """Measure a model.

        Args:
            outputs: what the model made of the collection; see the class.
            collection: the images, with their captions, that the model was run on.

        Returns:
            The number called `name`, and any that belong beside it.
        """
        ...


@runtime_checkable
class ResampledMetric(Metric[Outputs], Protocol[Outputs]):
    """A metric that can be computed on many resamples of the images at once."""

    def sampler(self, outputs: Outputs, collection: CaptionCollection, /) -> Sampler:
        """Return the function that computes the metric of resampled images.

        Args:
            outputs, collection: see `Metric.compute`.

        Returns:
            A function of int `(resamples, images)`, how often each resample draws each
            image, to float `(resamples,)` by name. If each image is drawn once, the
            numbers are those of `compute`.
        """
        ...


def check_metrics(metrics: Iterable[Any]) -> None:
    """Check that all that metrics need is installed, before any work starts.

    Args:
        metrics: metrics of one task.

    Raises:
        InputError: a metric needs something that is missing.
    """
    for metric in metrics:
        check = getattr(metric, "check", None)
        if check is not None:
            check()


def mean_sampler(values: dict[str, np.ndarray]) -> Sampler:
    """Return the sampler of a metric that is a mean over the images.

    Args:
        values: the value of each image, float `(images,)`, by the name of the mean.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.metric import mean_sampler
    >>> sampler = mean_sampler({"length": np.array([4.0, 8.0])})
    >>> sampler(np.array([[1, 1], [2, 0]]))["length"].tolist()
    [6.0, 4.0]
    """
    return lambda counts: {
        name: counts @ of_images / counts.sum(axis=1)
        for name, of_images in values.items()
    }


def compute_metrics(
    metrics: Iterable[Metric[Outputs]], outputs: Outputs, collection: CaptionCollection
) -> dict[str, float]:
    """Compute several metrics of the same outputs.

    Args:
        metrics: metrics of one task.
        outputs: what each of them measures.
        collection: the images that `outputs` belongs to.

    Returns:
        The numbers of all metrics, in the order of `metrics`.
    """
    found: dict[str, float] = {}
    for metric in metrics:
        found |= metric.compute(outputs, collection)
    return found
