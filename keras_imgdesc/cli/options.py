"""Options and helpers shared by the commands."""

import copy
import errno
import os
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from keras_imgdesc.cli.output import say, say_json
from keras_imgdesc.cli.starting import start_quietly
from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import parse_json

DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(path_type=Path)
# Beam search keeps every beam in memory, so the number is limited.
BEAMS = click.IntRange(1, 100)
# The range of `TextToImage.generate`, checked before TensorFlow is imported.
_temperature_option = click.option(
    "--temperature",
    type=click.FloatRange(0, 10),
    help="Scale of the noise; the lower, the more typical and alike the images. "
    "[default: the painter's own]",
)
# The name and meaning of earlier versions: a factor on the painter's own temperature.
_truncation_option = click.option(
    "--truncation",
    type=click.FloatRange(0, 10),
    hidden=True,
    help="Factor on the painter's own temperature, as in earlier versions; use "
    "--temperature.",
)


def temperature_option(command: Callable) -> Callable:
    """Add `--temperature` to a command, which passes it to `chosen_temperature`."""
    return _temperature_option(_truncation_option(command))


def chosen_temperature(
    painter: Any, temperature: float | None, truncation: float | None
) -> float | None:
    """Return the temperature that `temperature_option` read; None means the default."""
    if truncation is None:
        return temperature
    if temperature is not None:
        raise click.UsageError("Use --temperature alone, without --truncation.")
    return truncation * painter.temperature


num_beams_option = click.option(
    "--num-beams",
    type=BEAMS,
    help="Number of beams; 1 is greedy search. [default: the preset's]",
)
batch_size_option = click.option(
    "--batch-size",
    type=click.IntRange(1),
    default=32,
    show_default=True,
    help="Images per batch.",
)
resamples_option = click.option(
    "--resamples",
    type=click.IntRange(0, 100_000),
    default=1000,
    show_default=True,
    help="Resamples of the images for 95 % intervals; 0 for no intervals.",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["float32", "mixed_bfloat16", "auto"]),
    default="float32",
    show_default=True,
    help="Arithmetic precision; auto uses bfloat16 if the CPU supports it, which is "
    "faster but rounds differently.",
)


class CommandModules(MutableMapping):
    """Commands by name, each imported when it is first used.

    Args:
        modules: name of the module of `keras_imgdesc.cli` that defines a command, by
            the name of the command.
        finish: called with the name of a command and the command once it is imported;
            returns the command to use.
    """

    def __init__(
        self,
        modules: dict[str, str],
        finish: Callable[[str, click.Command], click.Command],
    ) -> None:
        self._finish = finish
        self._modules: dict[str, str | click.Command] = dict(modules)

    def __getitem__(self, name: str) -> click.Command:
        found = self._modules[name]
        if isinstance(found, str):
            found = getattr(import_module(f"keras_imgdesc.cli.{found}"), name)
            assert isinstance(found, click.Command)
            found = self._finish(name, found)
            self._modules[name] = found
        return found

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._modules[name] = command

    def __delitem__(self, name: str) -> None:
        del self._modules[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


class OrderedGroup(click.Group):
    """A group whose help lists the commands in the order they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def add_hidden_alias(group: click.Group, command: click.Command, name: str) -> None:
    """Make a command available under a second name that the help does not show."""
    alias = copy.copy(command)
    alias.name, alias.hidden = name, True
    group.add_command(alias)


def load_captioner(preset: str, precision: str = "float32") -> Any:
    return _load("ImageCaptioner", preset, precision)


def load_matcher(preset: str, precision: str = "float32") -> Any:
    return _load("ImageTextMatcher", preset, precision)


def load_painter(preset: str, precision: str = "float32") -> Any:
    return _load("TextToImage", preset, precision)


def load_classifier(preset: str, precision: str = "float32") -> Any:
    return _load("ImageClassifier", preset, precision)


def load_task(preset: str) -> Any:
    return _load(None, preset, "float32")


def _load(task: str | None, preset: str, precision: str) -> Any:
    from keras_imgdesc.presets.folders import find_preset

    folder = find_preset(preset)  # report a wrong name before importing TensorFlow
    start_quietly()
    import keras_imgdesc
    from keras_imgdesc.backend import choose_precision
    from keras_imgdesc.tasks import load_preset

    load = getattr(keras_imgdesc, task).from_preset if task else load_preset
    return load(folder, choose_precision(precision))


def check_presets(*presets: str | None) -> None:
    """Report a wrong preset name before importing TensorFlow."""
    from keras_imgdesc.presets.folders import find_preset

    for preset in presets:
        if preset is not None:
            find_preset(preset)


def make_folder(path: Path | None) -> None:
    """Create the output folder, or fail, before any work starts."""
    if path is None:
        return
    path.mkdir(parents=True, exist_ok=True)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def list_failed(messages: Iterable[object], kind: str, total: int) -> None:
    """Print the failures last, so that they do not scroll away.

    Args:
        messages: one message per failure.
        kind: plural noun for what failed, such as `"images"`.
        total: number of items processed, failures included.
    """
    failures = list(messages)
    if failures:
        say(f"{len(failures)} of {total} {kind} failed:", err=True)
    for message in failures:
        say(f"  {message}", err=True)


def show_result(names: dict[str, str], result: Any) -> int:
    """Print an evaluation as JSON and its failures, and return the exit code.

    Args:
        names: presets by the role that they have in the evaluation.
        result: an evaluation with `summary()` and `failed`.
    """
    say_json(names | result.summary(), indent=2)
    for name, message in result.failed.items():
        say(f"{name}: {message}", err=True)
    return 1 if result.failed else 0


def generation_options(command: Callable) -> Callable:
    """Add the options of every command that generates captions."""

    @num_beams_option
    @batch_size_option
    @precision_option
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


def search_options(command: Callable) -> Callable:
    """Add the options of every command that writes the beam search into a file."""

    @num_beams_option
    @click.option(
        "--length-penalty",
        type=click.FloatRange(0),
        help="Exponent of the length normalisation; 0 turns it off. "
        "[default: the preset's]",
    )
    @click.option(
        "--max-length",
        type=click.IntRange(1),
        help="Maximum number of tokens per caption. [default: the preset's]",
    )
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


def parse_changes(changes: tuple[str, ...]) -> dict[str, Any]:
    """Parse the values of `--set`: JSON where it is valid, a plain string otherwise."""
    values: dict[str, Any] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise click.UsageError(f"--set takes FIELD=JSON; received {change!r}.")
        try:
            values[name] = parse_json(text, Any)
        except InputError:
            values[name] = text
    return values
