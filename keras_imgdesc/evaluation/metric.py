"""The protocol of every metric, shared by training, evaluation and reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar, runtime_checkable

from keras_imgdesc.data.caption_collection import CaptionCollection

Outputs = TypeVar("Outputs", contravariant=True)


@runtime_checkable
class Metric(Protocol[Outputs]):
    """A measurement of a model's outputs on a collection of captioned images.

    All three tasks share this protocol. They differ in the type of `outputs`:

    | task | `outputs` | metrics |
    |---|---|---|
    | captioner | captions, one per image | `Bleu`, `CiderD`, `SceneCaptionAccuracy` |
    | matcher | a `ScoreFunction` | `RetrievalRecall`, `HardChoice` |
    | painter | a `PaintFunction` | `FrechetDistance`, `RPrecision`, ... |

    A metric may also have a dict `settings`: what has to be reported with its numbers,
    such as the name of the model that measured them.

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
