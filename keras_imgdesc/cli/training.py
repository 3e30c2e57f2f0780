"""The verbs that train."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from keras_imgdesc.cli.options import (
    DIRECTORY,
    FILE,
    annotation_options,
    changes_of,
    read_captions,
    start_quietly,
)

changes_option = click.option(
    "--set", "changes", multiple=True, metavar="FIELD=JSON", help="Change the recipe."
)


@click.group()
def train() -> None:
    """Train a captioner, a matcher, a generator or an encoder."""


def run_options(command: Callable) -> Callable:
    """Options of every verb that trains on captioned pictures."""

    @click.option("--recipe", type=FILE, required=True, help="JSON of a recipe.")
    @click.option("--run-dir", type=DIRECTORY, required=True, help="Where it lives.")
    @annotation_options
    @click.option("--validation-annotations", type=FILE, help="Else --annotations.")
    @click.option("--validation-image-list", type=FILE)
    @click.option("--validation-split")
    @changes_option
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


@train.command("captioner")
@run_options
def train_captioner(recipe, run_dir, **options) -> None:
    """Train a captioner; the same command again goes on where it stopped."""
    from keras_imgdesc.training.captioner.recipe import CaptionRecipe

    chosen, training, validation = _read(CaptionRecipe, recipe, **options)
    from keras_imgdesc.training.caption_training import train_captioner as run

    run(chosen, run_dir, training, validation)
    click.echo(f"The captioner is in {run_dir / 'preset'}")


@train.command("matcher")
@run_options
def train_matcher(recipe, run_dir, **options) -> None:
    """Train a matcher; the same command again goes on where it stopped."""
    from keras_imgdesc.training.matcher.recipe import MatchingRecipe

    chosen, training, validation = _read(MatchingRecipe, recipe, **options)
    from keras_imgdesc.training.matching_training import train_matcher as run

    run(chosen, run_dir, training, validation)
    click.echo(f"The matcher is in {run_dir / 'preset'}")


@train.command("generator")
@click.option(
    "--kind",
    type=click.Choice(["dcgan", "vae"]),
    help="Instead of what the recipe says.",
)
@run_options
def train_generator(recipe, run_dir, kind, **options) -> None:
    """Train a generator; the same command again goes on where it stopped."""
    from keras_imgdesc.training.painter.recipe import GeneratorRecipe

    if kind:
        options["changes"] = (*options["changes"], f"kind={kind}")
    chosen, training, validation = _read(GeneratorRecipe, recipe, **options)
    from keras_imgdesc.training.generator_training import train_generator as run

    run(chosen, run_dir, training, validation)
    click.echo(f"The painter is in {run_dir / 'preset'}")


def _read(
    kind,
    recipe,
    *,
    validation_annotations,
    validation_image_list,
    validation_split,
    changes,
    **source,
) -> Any:
    """The recipe with its changes, the pictures to train on and to validate on."""
    changed = changes_of(changes)
    held_out = (validation_annotations, validation_image_list, validation_split)
    if not (source["scenes"] or source["flowers"] or any(held_out)):
        raise click.UsageError(
            "Give pictures that are not trained on: --validation-image-list, "
            "--validation-split or --validation-annotations."
        )
    start_quietly()
    values = json.loads(kind.from_json(recipe).to_json())
    chosen = kind.from_dict(values | changed, "--set")
    training = read_captions(**source, default_split="train")
    held = source | {
        "annotations": validation_annotations or source["annotations"],
        "image_list": validation_image_list,
        "split": validation_split,
    }
    return chosen, training, read_captions(**held, default_split="validation")


@train.command("encoder")
@click.option("--recipe", type=FILE, required=True, help="A DistillationRecipe.")
@click.option("--run-dir", type=DIRECTORY, required=True, help="Where the run lives.")
@click.option("--images", type=DIRECTORY, multiple=True, required=True)
@click.option(
    "--teacher-weights", required=True, help="Of MobileNet: a file, or imagenet."
)
@click.option("--validation-images", type=DIRECTORY, help="Never trained on.")
@changes_option
def train_encoder(
    recipe, run_dir, images, teacher_weights, validation_images, changes
) -> None:
    """Distil a VGG16 from MobileNet on photographs without labels."""
    changed = changes_of(changes)
    start_quietly()
    from keras_imgdesc.images import list_images
    from keras_imgdesc.training.encoder.recipe import DistillationRecipe
    from keras_imgdesc.training.encoder.train import distill_encoder

    chosen = DistillationRecipe.from_json(recipe)
    if changed:
        values = json.loads(chosen.to_json())
        chosen = DistillationRecipe.from_dict(values | changed, "--set")
    held = list_images([validation_images]) if validation_images else ()
    distill_encoder(chosen, images, teacher_weights, run_dir, held)
    click.echo(f"The weights are in {run_dir / 'vgg16.weights.h5'}")


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN_DIR...", type=DIRECTORY)
@click.option(
    "--output", type=FILE, default="curves.png", show_default=True, help="A picture."
)
@click.option(
    "--metric", "metrics", multiple=True, help="Draw these alone; else all there are."
)
def curves(runs, output, metrics) -> None:
    """Draw what runs of any training measured after each epoch."""
    from keras_imgdesc.visualization.contact_sheets import check_sheet_path, save_sheet
    from keras_imgdesc.visualization.training_curves import draw_curves, read_metrics

    check_sheet_path(output)
    read = {str(run): read_metrics(run) for run in runs}
    click.echo(f"Curves: {save_sheet(draw_curves(read, metrics or None), output)}")
