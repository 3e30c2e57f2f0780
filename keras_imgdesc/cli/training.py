"""The commands that train: `train` and `curves`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from keras_imgdesc.cli.captioned_images import (
    annotation_options,
    read_training_captions,
    validation_options,
)
from keras_imgdesc.cli.class_images import class_images_options, read_class_images
from keras_imgdesc.cli.damaged_images import damaged_images_option
from keras_imgdesc.cli.held_out import refuse_fraction_with, validation_fraction_option
from keras_imgdesc.cli.listing import list_given
from keras_imgdesc.cli.options import (
    DIRECTORY,
    FILE,
    OrderedGroup,
    add_hidden_alias,
    parse_changes,
)
from keras_imgdesc.cli.output import say
from keras_imgdesc.cli.starting import start_quietly

changes_option = click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="FIELD=JSON",
    help="Override one setting of the recipe; may be repeated.",
)

recipe_option = click.option(
    "--recipe",
    required=True,
    help="JSON file of the training settings, or the name of a recipe that ships with "
    "the package, for example frozen.",
)
run_dir_option = click.option(
    "--run-dir",
    type=DIRECTORY,
    required=True,
    help="Directory for checkpoints, logs and the trained preset.",
)


@click.group(cls=OrderedGroup)
def train() -> None:
    """Train a preset of a task, or an encoder."""


def run_options(command: Callable) -> Callable:
    """Add the options of every command that trains on captioned images."""

    @recipe_option
    @run_dir_option
    @annotation_options
    @validation_options
    @changes_option
    @damaged_images_option
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        start_quietly()  # before the command imports TensorFlow
        return command(*args, **kwargs)

    return wrapped


@train.command("captioner")
@click.option(
    "--unpaired-captions",
    type=FILE,
    help="Text file of captions without images, one per line; may end in .gz.",
)
@run_options
def train_captioner(recipe, run_dir, unpaired_captions, **options) -> None:
    """Train a captioner. Run the same command again to resume."""
    from keras_imgdesc.data.readers.unpaired_captions import read_unpaired_captions
    from keras_imgdesc.training.captioner.recipe import CaptionRecipe

    unpaired = read_unpaired_captions(unpaired_captions) if unpaired_captions else []
    chosen, training, validation = _read(CaptionRecipe, recipe, **options)
    from keras_imgdesc.training.captioner.train import train_captioner as run

    run(chosen, run_dir, training, validation, unpaired=unpaired)
    say(f"The captioner is in {run_dir / 'preset'}")


@train.command("matcher")
@run_options
def train_matcher(recipe, run_dir, **options) -> None:
    """Train a matcher. Run the same command again to resume."""
    from keras_imgdesc.training.matcher.recipe import MatchingRecipe

    chosen, training, validation = _read(MatchingRecipe, recipe, **options)
    from keras_imgdesc.training.matcher.train import train_matcher as run

    run(chosen, run_dir, training, validation)
    say(f"The matcher is in {run_dir / 'preset'}")


@train.command("painter")
@click.option(
    "--kind",
    type=click.Choice(["dcgan", "vae"]),
    help="Kind of painter; overrides the recipe's.",
)
@run_options
def train_painter(recipe, run_dir, kind, **options) -> None:
    """Train a painter. Run the same command again to resume."""
    from keras_imgdesc.training.painter import PainterRecipe

    if kind:
        options["changes"] = (*options["changes"], f"kind={kind}")
    chosen, training, validation = _read(PainterRecipe, recipe, **options)
    from keras_imgdesc.training.painter.train import train_painter as run

    run(chosen, run_dir, training, validation)
    say(f"The painter is in {run_dir / 'preset'}")


add_hidden_alias(train, train_painter, "generator")


def _read(kind, recipe, *, changes, **source) -> Any:
    """Return the changed recipe, the training images and the validation images."""
    chosen = _changed(kind, recipe, parse_changes(changes))
    return chosen, *read_training_captions(chosen.seed, **source)


def _changed(kind, recipe, changes) -> Any:
    """Return the recipe of a file with some fields changed."""
    from keras_imgdesc.training.recipe_files import find_recipe

    return kind.from_json(find_recipe(recipe)).changed(changes, "--set")


@train.command("classifier")
@recipe_option
@run_dir_option
@class_images_options
@click.option(
    "--validation-images",
    type=DIRECTORY,
    help="The same for validation. [default: a part of --images that is held out]",
)
@validation_fraction_option
@click.option(
    "--validation-image-list",
    type=FILE,
    help="With --teacher: text file of the validation images, one per line.",
)
@click.option(
    "--teacher",
    help="Preset of a classifier whose answers are learned; overrides the recipe's.",
)
@changes_option
@damaged_images_option
def train_classifier(
    recipe, run_dir, teacher, validation_fraction, changes, **source
) -> None:
    """Train a classifier. Run the same command again to resume."""
    changed = parse_changes(changes)
    if validation_fraction is not None:
        refuse_fraction_with(source, "validation_images", "validation_image_list")
        changed["validation_share"] = validation_fraction
    if teacher:
        changed["teacher"] = teacher
    start_quietly()
    from keras_imgdesc.training.classifier.recipe import ClassifierRecipe

    chosen = _changed(ClassifierRecipe, recipe, changed)
    training, validation = _read_images(bool(chosen.teacher), **source)
    from keras_imgdesc.training.classifier.train import train_classifier as run

    run(chosen, run_dir, training, validation)
    say(f"The classifier is in {run_dir / 'preset'}")


def _read_images(
    has_teacher, images, image_list, validation_images, validation_image_list
) -> Any:
    """Return the training images, and the validation images or None."""
    held = None
    if validation_images or validation_image_list:
        folders = [validation_images] if validation_images else images
        held = read_class_images(folders, validation_image_list, has_teacher)
    return read_class_images(images, image_list, has_teacher), held


@train.command("encoder")
@recipe_option
@run_dir_option
@click.option(
    "--images",
    type=DIRECTORY,
    multiple=True,
    required=True,
    help="Folder of training images, without captions; may be repeated.",
)
@click.option(
    "--teacher-weights",
    required=True,
    help="Weights of the teacher, a MobileNet: a file, or imagenet to download them.",
)
@click.option(
    "--validation-images",
    type=DIRECTORY,
    help="Folder of images to validate on; they are not trained on.",
)
@changes_option
@damaged_images_option
def train_encoder(
    recipe, run_dir, images, teacher_weights, validation_images, changes
) -> None:
    """Distil a VGG16 encoder from a MobileNet on unlabelled images."""
    changed = parse_changes(changes)
    start_quietly()
    from keras_imgdesc.training.encoder.recipe import DistillationRecipe
    from keras_imgdesc.training.encoder.train import distill_encoder

    chosen = _changed(DistillationRecipe, recipe, changed)
    list_given(images)
    held = list_given([validation_images]) if validation_images else ()
    distill_encoder(chosen, images, teacher_weights, run_dir, held)
    say(f"The weights are in {run_dir / 'vgg16.weights.h5'}")


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN_DIR...", type=DIRECTORY)
@click.option(
    "--output",
    type=FILE,
    default="curves.png",
    show_default=True,
    help="Image file to write.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    help="Metric to draw; may be repeated. [default: all]",
)
def curves(runs, output, metrics) -> None:
    """Plot the metrics of training runs, epoch by epoch."""
    from keras_imgdesc.visualization.contact_sheets import check_sheet_path, save_sheet
    from keras_imgdesc.visualization.training_curves import draw_curves, read_metrics

    check_sheet_path(output)
    read = {str(run): read_metrics(run) for run in runs}
    say(f"Curves: {save_sheet(draw_curves(read, metrics or None), output)}")
