"""The base of the tasks: saving to presets, and loading."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

from keras_imgdesc.presets.files import read_preset, write_preset
from keras_imgdesc.presets.folders import find_preset

_HEADER = f"{'part':<16}{'class':<22}{'parameters':>14}{'trainable':>14}"
_ROW = "{:<16}{:<22}{:>14,}{:>14,}"


class Task:
    """Base of the tasks: saving to presets, and loading.

    A subclass sets `PARTS` and defines `description` and `vocabulary`. If its
    constructor takes more than the parts, it also sets `SETTINGS` and defines
    `preset_settings` and `from_parts`.

    A preset is a folder:

    | file               | contents |
    |--------------------|----------|
    | `config.json`      | versions, the parts, checksums, shared weights |
    | `vocabulary.txt`   | one token per line |
    | `model.weights.h5` | arrays in float16 where that is enough, otherwise float32 |
    | `recipe.json`      | how it was trained (optional) |
    | `README.md`        | the model card |

    A preset may share weights with another one: an array that is equal in both is only
    in the other's `model.weights.h5`, and `config.json` says which (`shared_weights`).
    The other preset is looked up by its name, first beside the folder of the preset,
    then like any preset, and must have the weights file that it had.

    It contains data only. Nothing in it is executed, and loading it opens no other
    file than those above and those of the preset that it shares weights with, and no
    connection. Parts are built only from classes in `PARTS`, and from others that the
    program has registered with Keras; their configurations have the arguments of the
    constructor, within bounds, and name nothing to read. While a part is built its
    weights have shapes but no values; these are read from the file afterwards.

    Attributes:
        PARTS: for each part, the classes of this package; other registered classes are
            allowed. A part is a model or layer with weights; its name is the name of
            an argument of the constructor and of an attribute of the task.
        SETTINGS: the types of the further entries of `config.json`, see
            `json_files.read_json`.
    """

    PARTS: ClassVar[dict[str, tuple[type, ...]]] = {}
    SETTINGS: ClassVar[dict[str, Any]] = {}

    @classmethod
    def from_preset(cls, name: str | PathLike[str], dtype: str | None = None) -> Self:
        """Load a preset of this task.

        `keras_imgdesc.tasks.load_preset` loads a preset of any task.

        Args:
            name: a folder, or the name of a preset in one of
                `presets.folders.preset_folders()`.
            dtype: Keras dtype policy to build the task with, for instance
                `"mixed_bfloat16"`; None means float32, whatever the global policy is.

        Raises:
            InputError: there is no such preset, it is of another task, one of its
                files is missing, broken or from another preset, or so is the preset
                that it shares weights with; the message names the file or preset.
        """
        task: Self = read_preset(cls, find_preset(name), dtype)
        return task

    def save_to_preset(
        self,
        path: str | PathLike[str],
        recipe: dict[str, Any] | None = None,
        card: str | None = None,
        summary: str | None = None,
        score: str | None = None,
        shared_with: str | None = None,
    ) -> None:
        """Save the task as a folder, completely or not at all.

        Weights are rounded to float16 where that is enough; saving a loaded preset
        again changes nothing more. An existing preset is replaced; other files in its
        folder stay. A preset that others share weights with must not be replaced by one
        of other weights: the others could not be loaded any more.

        Args:
            path: the folder.
            recipe: how the task was trained, ready for JSON.
            card: the model card, Markdown. None keeps an existing one.
            summary: one line for `list_presets`; None means `description`.
            score: a measured result with its name, at most 1,000 characters, for the
                command `presets`.
            shared_with: name of a preset to share weights with, for instance that of
                the classifier whose frozen image encoder a captioner has. Arrays that
                are equal, once rounded, are left out. It must be found beside `path`
                or by its name. None means a complete preset, whatever the task was
                loaded from.

        Raises:
            InputError: `path` is a file or a folder with other contents, a weight is
                not finite, or the preset `shared_with` is not found, shares weights
                itself or has no equal array.
        """
        write_preset(self, Path(path), recipe, card, summary, score, shared_with)

    def summary(self, print_fn: Callable[[str], Any] = print) -> None:
        """Print what the task is, and the class and size of each part.

        Args:
            print_fn: called with each line.
        """
        print_fn(f"{type(self).__name__}: {self.description}")
        print_fn(_HEADER)
        total = trainable = 0
        for name, part in self.parts().items():
            size, trained = _size(part.weights), _size(part.trainable_weights)
            print_fn(_ROW.format(name, type(part).__name__, size, trained))
            total, trainable = total + size, trainable + trained
        print_fn(_ROW.format("total", "", total, trainable))

    def parts(self) -> dict[str, Any]:
        """Return the models and layers with weights, by name."""
        return {name: getattr(self, name) for name in self.PARTS}

    @property
    @abstractmethod
    def description(self) -> str:
        """One line: the classes of the parts and their sizes."""

    @property
    @abstractmethod
    def vocabulary(self) -> Any:
        """The vocabulary, which a preset keeps in `vocabulary.txt`."""

    def preset_settings(self) -> dict[str, Any]:
        """Return further entries of `config.json`, which `from_parts` reads."""
        return {}

    @classmethod
    def from_parts(
        cls, parts: dict[str, Any], config: dict[str, Any], vocabulary_file: Path
    ) -> Self:
        """Build the task from the contents of a preset.

        Args:
            parts: the parts by name; their weights are loaded afterwards.
            config: the contents of `config.json`.
            vocabulary_file: the preset's `vocabulary.txt`.
        """
        return cls(**parts)


def _size(weights: list[Any]) -> int:
    """Return how many numbers variables hold."""
    return sum(math.prod(weight.shape) for weight in weights)
