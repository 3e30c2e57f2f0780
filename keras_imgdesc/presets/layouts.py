"""What a preset holds of each task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import singledispatch
from pathlib import Path
from typing import Any

from keras_imgdesc.captioning import GenerationSettings, ImageCaptioner
from keras_imgdesc.errors import InputError
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.matching.image_text_matcher import PARTS as MATCHER_PARTS
from keras_imgdesc.painting import TextToImage
from keras_imgdesc.text import CaptionTokenizer, Vocabulary


@dataclass(frozen=True, eq=False)
class PresetLayout:
    """A task in pieces.

    Attributes:
        parts: models and layers with weights, by name; each is built anew from its
            registered class and configuration.
        vocabulary: goes into a file of its own.
        summary: a line that tells what it is.
        settings: further entries of the configuration, ready for JSON.
    """

    parts: dict[str, Any]
    vocabulary: Any
    summary: str
    settings: dict[str, Any] = field(default_factory=dict)


@singledispatch
def layout_of(task: Any) -> PresetLayout:
    """A task in pieces; another task registers its own, and in `BUILDERS`.

    Raises:
        InputError: there is none for this kind of task.
    """
    raise InputError(
        "Only a task can be saved as a preset",
        f"Give one of {sorted(BUILDERS)}",
        task=type(task).__name__,
    )


def build_task(
    config: dict[str, Any], part: Callable[[str], Any], vocabulary_file: Path
) -> Any:
    """Puts a task together again.

    Args:
        config: of the preset.
        part: builds the part of a name.
        vocabulary_file: of the preset.

    Raises:
        InputError: the task is not known, or the vocabulary cannot be read.
    """
    kind = config["task"]
    if kind not in BUILDERS:
        raise InputError(
            "The task must be one there is",
            f"It is one of {sorted(BUILDERS)}",
            task=kind,
        )
    return BUILDERS[kind](config, part, vocabulary_file)


@layout_of.register
def _captioner(task: ImageCaptioner) -> PresetLayout:
    return PresetLayout(
        {"image_encoder": task.image_encoder, "decoder": task.decoder},
        task.tokenizer.vocabulary,
        f"{type(task.decoder).__name__} on {type(task.image_encoder).__name__} at "
        f"{task.image_encoder.image_size} px, {len(task.tokenizer.vocabulary)} tokens",
        {
            "tokenizer": {"sequence_length": task.tokenizer.sequence_length},
            "generation": task.generation.get_config(),
        },
    )


def _build_captioner(config: Any, part: Any, vocabulary_file: Path) -> ImageCaptioner:
    return ImageCaptioner(
        part("image_encoder"),
        part("decoder"),
        CaptionTokenizer(Vocabulary.load(vocabulary_file), **config["tokenizer"]),
        GenerationSettings(**config["generation"]),
    )


@layout_of.register
def _matcher(task: ImageTextMatcher) -> PresetLayout:
    vocabulary = task.text_encoder.tokenizer.vocabulary
    return PresetLayout(
        {name: getattr(task, name) for name in MATCHER_PARTS},
        vocabulary,
        f"f(I, D) of {type(task.image_encoder).__name__} at "
        f"{task.image_encoder.image_size} px and {type(task.text_encoder).__name__}, "
        f"{len(vocabulary.tokens)} tokens",
    )


def _build_matcher(config: Any, part: Any, vocabulary_file: Path) -> ImageTextMatcher:
    return ImageTextMatcher(*[part(name) for name in MATCHER_PARTS])


@layout_of.register
def _painter(task: TextToImage) -> PresetLayout:
    vocabulary = task.text_encoder.tokenizer.vocabulary
    return PresetLayout(
        {"text_encoder": task.text_encoder, "generator": task.generator},
        vocabulary,
        f"{type(task.generator).__name__} at {task.generator.resolution} px and "
        f"{type(task.text_encoder).__name__}, {len(vocabulary.tokens)} tokens",
    )


def _build_painter(config: Any, part: Any, vocabulary_file: Path) -> TextToImage:
    return TextToImage(part("text_encoder"), part("generator"))


BUILDERS: dict[str, Callable[[Any, Any, Path], Any]] = {
    "ImageCaptioner": _build_captioner,
    "ImageTextMatcher": _build_matcher,
    "TextToImage": _build_painter,
}
