"""Settings of a captioner's training that other settings leave without effect."""

from collections.abc import Callable
from typing import Any

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.captioning.decoders import DECODERS
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.inputs.parts import name_of, used_encoder
from keras_imgdesc.training.unused_settings import recorded_recipe, used_options


def refuse_unused_settings(
    recipe: CaptionRecipe, captioner: ImageCaptioner, refuse: Callable[..., None]
) -> None:
    """Refuse settings without effect.

    Args:
        recipe: training settings.
        captioner: the captioner to train, with the layers to train set.
        refuse: function of a reason, names and used values; see `refuse_unused`.

    Raises:
        InputError: naming the settings.
    """
    encoder: Any = captioner.image_encoder
    if recipe.start_from:
        recorded = recorded_recipe(recipe.start_from)
        used = used_encoder(recipe, encoder, recipe.start_from, ("trainable_from",))
        used["decoder"] = name_of(captioner.decoder, DECODERS)
        used["decoder_options"] = used_options(
            captioner.decoder,
            recorded.get("decoder_options", {}),
            recipe.decoder_options,
        )
        used["sequence_length"] = captioner.tokenizer.sequence_length
        used["split"] = captioner.tokenizer.split
        if not recipe.grow_vocabulary:
            used["min_count"] = recorded.get("min_count")
        names = [] if recipe.classifier_weight else ["classifier"]
        reason = "a captioner of start_from keeps its parts and its vocabulary"
        refuse(reason, *names, "concept_options", used=used)
    elif recipe.classifier:
        kept = ("trainable_from", "image_size", "weights")
        used = used_encoder(recipe, encoder, recipe.classifier, kept)
        refuse("the image encoder is that of the classifier", used=used)
    else:
        refuse("there is no classifier", "concept_options")
    if recipe.objective == "self_critical":
        smooth = ("label_smoothing", "attention_penalty")
        refuse("self-critical training has a loss of its own", *smooth)
    else:
        refuse("captions are sampled in self-critical training only", "temperature")
    if not recipe.unpaired_batches:
        names = ["unpaired_batch_size", "concept_dropout", "wrong_concepts"]
        refuse("unpaired_batches is 0", *names)
    if recipe.optimizer == "muon":
        refuse("muon has one learning rate", "encoder_learning_rate")
    frozen, trained = encoder.split()
    if trained is None:
        refuse("the image encoder is frozen", "encoder_learning_rate")
    is_augmented = recipe.flip or recipe.crop < 1 or recipe.colour > 0
    if trained is None and recipe.views == 1:
        reason = "the features of a frozen encoder are cached, one of each view"
        refuse(f"{reason}: set views to 2 or more", "flip", "crop", "colour")
    if frozen is None or not is_augmented:
        reason = "views are augmented images of which frozen layers' output is cached"
        refuse(reason, "views")
