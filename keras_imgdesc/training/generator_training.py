"""Training of a generator."""

from collections.abc import Sequence
from pathlib import Path

from keras_imgdesc.backend import choose_precision, dtype_policy
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.paintings.paint_function import PaintingMetric
from keras_imgdesc.painting import TextToImage
from keras_imgdesc.training.inputs.images import check_collections
from keras_imgdesc.training.painter.recipe import GeneratorRecipe
from keras_imgdesc.training.painter.train import GeneratorRun


def train_generator(
    recipe: GeneratorRecipe,
    run_dir: str | Path,
    train: CaptionCollection,
    validation: CaptionCollection,
    *,
    metrics: Sequence[PaintingMetric] = (),
    progress: bool = True,
) -> TextToImage:
    """Train a generator as a recipe says.

    Captions are embedded once, into the run directory. After each epoch a sheet of
    fixed texts and noise is painted and the state is committed; the same command run
    again goes on after the last whole epoch and ends in the same weights. What is kept
    is the moving average of the generator. A picture that cannot be read is named in a
    warning and left out.

    Args:
        recipe: every setting.
        run_dir: gets `recipe.json`, `metrics.csv`, `logs/` for TensorBoard,
            `samples/`, the checkpoint, `preset/`, the best painter (without a metric,
            the last), and in `best/` the best by each other metric.
        train, validation: pictures with captions.
        metrics: further metrics, which the recipe may name in `metrics` and `metric`;
            see `keras_imgdesc.evaluation.metric.Metric`.
        progress: show progress bars.

    Returns:
        The painter in `preset/`.

    Raises:
        InputError: fewer than 64 pictures, a run directory of another recipe, a loss
            that is not finite, or a training that has collapsed.
    """
    check_collections(train, validation)
    with dtype_policy(choose_precision(recipe.precision)):
        run = GeneratorRun(recipe, Path(run_dir), train, validation, metrics, progress)
        run.go()
    return TextToImage.from_preset(str(Path(run_dir) / "preset"))
