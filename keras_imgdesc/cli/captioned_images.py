"""Options that name captioned images, shared by commands, and reading these images."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from keras_imgdesc.cli.held_out import refuse_fraction_with, validation_fraction_option
from keras_imgdesc.cli.options import DIRECTORY, FILE
from keras_imgdesc.cli.output import say, say_lines
from keras_imgdesc.cli.starting import start_quietly

# All flowers are held in memory, so they are resized on reading. This is the largest
# input size of the encoders; painters paint smaller images.
FLOWER_SIZE = 224


def annotation_options(command: Callable) -> Callable:
    """Add the options of every command that reads captioned images."""

    @click.option(
        "--annotations",
        type=FILE,
        help="Captions: Flickr8k/30k tokens, CSV, JSON Lines, Karpathy JSON or COCO "
        "JSON; a folder with a text beside each image; or WebDataset's tar files.",
    )
    @click.option(
        "--images",
        type=DIRECTORY,
        help="Folder of the images named in --annotations; those of tar files are "
        "unpacked into it. [default: --annotations, if that is a folder of images]",
    )
    @click.option(
        "--image-list", type=FILE, help="Text file of the images to use, one per line."
    )
    @click.option(
        "--split",
        help="Split of --scenes, of --flowers, or of --annotations that name splits: "
        "Karpathy JSON, CSV or JSON Lines. [default to train on: train]",
    )
    @click.option(
        "--keep-rejected",
        is_flag=True,
        help="Keep captions that --annotations mark as is_rejected or is_precanned.",
    )
    @click.option(
        "--scenes", is_flag=True, help="Use Scenes, the built-in drawn data set."
    )
    @click.option(
        "--scenes-config",
        type=click.Choice(["default", "large", "tiny"]),
        help="Size of Scenes: large has four times the training images of default.",
    )
    @click.option(
        "--data-dir",
        type=DIRECTORY,
        help="Directory that holds Scenes. [default: ~/tensorflow_datasets]",
    )
    @click.option(
        "--flowers",
        type=DIRECTORY,
        help="Use the Oxford-102 flowers in this folder, with derived texts.",
    )
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


def validation_options(command: Callable) -> Callable:
    """Add the options that name validation images, for `read_training_captions`."""

    @click.option(
        "--validation-annotations",
        type=FILE,
        help="Caption file of the validation images. [default: --annotations]",
    )
    @click.option(
        "--validation-image-list",
        type=FILE,
        help="Text file of the validation images, one per line.",
    )
    @click.option(
        "--validation-split",
        help="Split to validate on. [default with --scenes, --flowers, or a file that "
        "names it: validation]",
    )
    @validation_fraction_option
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        named = [f"validation_{n}" for n in ("annotations", "image_list", "split")]
        if kwargs["validation_fraction"] is not None:
            refuse_fraction_with(kwargs, *named)
        elif not any(kwargs[name] for name in ("scenes", "flowers", *named)):
            raise click.UsageError(
                "Name the validation images: --validation-image-list, "
                "--validation-split, --validation-annotations or --validation-fraction."
            )
        return command(*args, **kwargs)

    return wrapped


def read_training_captions(
    seed,
    *,
    validation_annotations,
    validation_image_list,
    validation_split,
    validation_fraction,
    **source,
) -> Any:
    """Read the training images and the validation images.

    Args:
        seed: seed of the images that `--validation-fraction` holds out.
        **source: values of the options of `annotation_options`.
    """
    source["split"] = source["split"] or _default_split(source, "train", "--split")
    training = read_captions(**source, default_split="train")
    if validation_fraction is not None:
        from keras_imgdesc.data import hold_out

        training, validation = hold_out(training, validation_fraction, seed)
        say(f"Images held out for validation: {len(validation)}", err=True)
        return training, validation
    held = source | {
        "annotations": validation_annotations or source["annotations"],
        "image_list": validation_image_list,
        "split": validation_split,
    }
    option = "--validation-split"
    held["split"] = held["split"] or _default_split(held, "val", option)
    return training, read_captions(**held, default_split="validation")


def _default_split(source: dict[str, Any], split: str, option: str) -> str | None:
    """Return a split of the caption file, and say that it is used.

    Without one, a captioner would be trained on the test images, too.

    Args:
        source: values of the options of `annotation_options`.
        split: the split to use if the file names it.
        option: the option that names another one.

    Returns:
        None if the file names no such split, or the images are chosen otherwise.
    """
    file = source["annotations"]
    if file is None or source["image_list"] or source["scenes"] or source["flowers"]:
        return None
    start_quietly()
    from keras_imgdesc.data.readers.named_splits import named_splits

    found = named_splits(file)
    if split not in found:
        return None
    say(
        f"{file.name} names the splits {', '.join(found)}: {split} is used; {option} "
        "names another",
        err=True,
    )
    return split


def read_captions(
    annotations,
    images,
    image_list,
    split,
    scenes,
    scenes_config,
    data_dir,
    flowers,
    default_split,
    needs_images=True,
    keep_rejected=False,
) -> Any:
    if scenes_config and not scenes:
        raise click.UsageError("--scenes-config needs --scenes.")
    images = images or _own_images(annotations)
    is_named = annotations is not None and not (needs_images and images is None)
    if not scenes and not flowers and not is_named:
        raise click.UsageError(
            "Name the data: --annotations with --images, --scenes or --flowers."
        )
    if scenes and flowers:
        raise click.UsageError("Use either --scenes or --flowers, not both.")
    start_quietly()
    if flowers:
        from keras_imgdesc.data.flowers import read_flowers

        collection = read_flowers(flowers, split or default_split, FLOWER_SIZE)
        say_lines(collection.report(), err=True)
        return collection
    if scenes:
        from keras_imgdesc.data.scenes import load_scenes

        return load_scenes(split or default_split, scenes_config or "default", data_dir)
    from keras_imgdesc.data.readers import read_captions as read

    collection = read(
        annotations,
        images,
        image_list=image_list,
        split=split,
        keep_rejected=keep_rejected,
    )
    say_lines(collection.report(), err=True)
    return collection


def _own_images(annotations: Path | None) -> Path | None:
    """Return a folder that is named for captions and also holds their images."""
    if annotations is None or not annotations.is_dir():
        return None
    from keras_imgdesc.data.readers.any_format import find_format

    return annotations if find_format(annotations) == "caption_folder" else None
