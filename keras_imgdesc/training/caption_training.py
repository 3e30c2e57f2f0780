"""Train a captioner, with its encoder or on its features."""

from pathlib import Path

from keras_imgdesc.backend import choose_precision, dtype_policy
from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.captioner.train import CaptionerRun
from keras_imgdesc.training.inputs.images import check_collections


def train_captioner(
    recipe: CaptionRecipe,
    run_dir: str | Path,
    train: CaptionCollection,
    validation: CaptionCollection,
    *,
    progress: bool = True,
) -> ImageCaptioner:
    """Train a captioner as a recipe says.

    What the frozen layers of the encoder give is computed once, into
    `run_dir/features`, and training reads that; with no frozen layers, or with
    pictures that change from epoch to epoch, they go through the encoder in each step.
    After each epoch captions of validation pictures are generated freely and scored,
    the state is committed, and the best captioner so far is saved as a preset. The
    same command run again goes on after the last whole epoch and ends in the same
    weights. A picture that cannot be read is named in a warning and left out.

    Args:
        recipe: every setting.
        run_dir: gets `recipe.json`, `metrics.csv`, `samples/`, `logs/` for
            TensorBoard, the checkpoint, and `preset/`, the best captioner.
        train, validation: pictures with captions.
        progress: show progress bars.

    Returns:
        The captioner of the best epoch.

    Raises:
        InputError: no pictures, or a run directory of another recipe.
    """
    check_collections(train, validation)
    with dtype_policy(choose_precision(recipe.precision)):
        CaptionerRun(recipe, Path(run_dir), train, validation, progress).train()
    return ImageCaptioner.from_preset(str(Path(run_dir) / "preset"))
