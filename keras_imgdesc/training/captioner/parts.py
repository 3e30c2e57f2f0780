"""The parts of a captioner's training: the encoder's layers and the optimizer."""

from typing import Any

import keras

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.captioner.build import load_classifier
from keras_imgdesc.training.captioner.kept_classes import keep_classes
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.inputs.augmentation import Augmentation
from keras_imgdesc.training.optimizers.build import (
    build_adamw,
    build_muon,
    build_schedule,
)


def split_encoder(
    encoder: Any, augmentation: Augmentation, views: int
) -> tuple[Any, Any]:
    """Return the part of an encoder whose output is cached, and the part trained.

    Images that change in each step pass through the complete encoder.

    Args:
        encoder: the image encoder.
        augmentation: changes of the images.
        views: cached versions of each image.

    Returns:
        Two models, each None if there is no such part.
    """
    frozen, trained = encoder.split()
    if trained is not None and augmentation and views == 1:
        return None, encoder
    return frozen, trained


def class_keeper(recipe: CaptionRecipe, captioner: ImageCaptioner, trained: Any) -> Any:
    """Return the trained part of the encoder with a loss that keeps its classes.

    Args:
        recipe: training settings.
        captioner: the captioner.
        trained: trained part of its image encoder, or None.

    Returns:
        A model, or None if the recipe lets the classes change.

    Raises:
        InputError: the image encoder is frozen.
    """
    encoder: Any = captioner.image_encoder
    if not recipe.classifier_weight:
        return None
    if trained is None:
        raise InputError(
            "The classes of an image encoder are kept while it is trained",
            "Name its first trained layer: encoder_options={'trainable_from': ...}",
            classifier_weight=recipe.classifier_weight,
            trainable_from=encoder.trainable_from,
        )
    assert recipe.classifier is not None
    classifier = load_classifier(recipe.classifier)
    return keep_classes(trained, encoder, classifier, recipe.classifier_weight)


def build_optimizer(
    recipe: CaptionRecipe, encoder: Any, batches_per_epoch: int
) -> keras.Optimizer:
    """Return the optimizer of a recipe, with a schedule over the complete run.

    Args:
        recipe: training settings.
        encoder: the image encoder, which learns more slowly.
        batches_per_epoch: batches of images with captions.
    """
    schedule = build_schedule(
        recipe.learning_rate,
        batches_per_epoch * recipe.epochs * (1 + recipe.unpaired_batches),
        recipe.warm_up_steps,
    )
    decay = {"weight_decay": recipe.weight_decay, "clip_norm": recipe.clip_norm}
    if recipe.optimizer == "muon":
        return build_muon(schedule, **decay)
    return build_adamw(
        schedule,
        slow=encoder.trainable_variables,
        factor=recipe.encoder_learning_rate,
        **decay,
    )
