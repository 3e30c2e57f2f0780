"""Training of a matcher."""

from pathlib import Path

from keras_imgdesc.backend import choose_precision, dtype_policy
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.training.inputs.images import check_collections
from keras_imgdesc.training.matcher.recipe import MatchingRecipe
from keras_imgdesc.training.matcher.train import MatcherRun


def train_matcher(
    recipe: MatchingRecipe,
    run_dir: str | Path,
    train: CaptionCollection,
    validation: CaptionCollection,
    *,
    progress: bool = True,
) -> ImageTextMatcher:
    """Train a matcher as a recipe says.

    What the frozen layers of the image encoder give, and what a frozen text encoder
    gives, is computed once, into the run directory, and training reads that: batches
    can be large. After each epoch validation pictures are scored, the state is
    committed, and the best matcher so far is saved as a preset. The same command run
    again goes on after the last whole epoch and ends in the same weights. A picture
    that cannot be read is named in a warning and left out.

    Args:
        recipe: every setting.
        run_dir: gets `recipe.json`, `metrics.csv`, `logs/` for TensorBoard, the
            checkpoint, and `preset/`, the best matcher.
        train, validation: pictures with captions.
        progress: show progress bars.

    Returns:
        The matcher of the best epoch.

    Raises:
        InputError: no pictures, or a run directory of another recipe.
    """
    check_collections(train, validation)
    with dtype_policy(choose_precision(recipe.precision)):
        MatcherRun(recipe, Path(run_dir), train, validation, progress).train()
    return ImageTextMatcher.from_preset(str(Path(run_dir) / "preset"))
