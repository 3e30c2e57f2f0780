"""The verbs that train."""

import json

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
    """Train a captioner or an encoder."""


@train.command("captioner")
@click.option("--recipe", type=FILE, required=True, help="JSON of a CaptionRecipe.")
@click.option("--run-dir", type=DIRECTORY, required=True, help="Where the run lives.")
@annotation_options
@click.option("--validation-annotations", type=FILE, help="Else --annotations.")
@click.option("--validation-image-list", type=FILE)
@click.option("--validation-split")
@changes_option
def train_captioner(
    recipe,
    run_dir,
    validation_annotations,
    validation_image_list,
    validation_split,
    changes,
    **source,
) -> None:
    """Train a captioner; the same command again goes on where it stopped."""
    from keras_imgdesc.training.caption_recipe import CaptionRecipe

    changed = changes_of(changes)
    held_out = (validation_annotations, validation_image_list, validation_split)
    if not source["scenes"] and not any(held_out):
        raise click.UsageError(
            "Give pictures that are not trained on: --validation-image-list, "
            "--validation-split or --validation-annotations."
        )
    start_quietly()
    values = json.loads(CaptionRecipe.from_json(recipe).to_json())
    chosen = CaptionRecipe.from_dict(values | changed, "--set")
    training = read_captions(**source, default_split="train")
    held = source | {
        "annotations": validation_annotations or source["annotations"],
        "image_list": validation_image_list,
        "split": validation_split,
    }
    validation = read_captions(**held, default_split="validation")

    from keras_imgdesc.training.caption_training import train_captioner as run

    run(chosen, run_dir, training, validation)
    click.echo(f"The captioner is in {run_dir / 'preset'}")


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
    from keras_imgdesc.training.distillation import distill_encoder
    from keras_imgdesc.training.distillation_recipe import DistillationRecipe

    chosen = DistillationRecipe.from_json(recipe)
    if changed:
        values = json.loads(chosen.to_json())
        chosen = DistillationRecipe.from_dict(values | changed, "--set")
    held = list_images([validation_images]) if validation_images else ()
    distill_encoder(chosen, images, teacher_weights, run_dir, held)
    click.echo(f"The weights are in {run_dir / 'vgg16.weights.h5'}")
