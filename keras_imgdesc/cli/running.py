"""What the commands that run a preset share: their runtime."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import click

from keras_imgdesc.cli.output import say
from keras_imgdesc.cli.starting import start_quietly


class Run(NamedTuple):
    """How a command runs presets.

    Attributes:
        runtime: `"auto"`, `"litert"` or `"tensorflow"`.
        is_verbose: whether to say which runtime was chosen, and why.
        precision: a Keras dtype policy, `"auto"` or None.
    """

    runtime: str
    is_verbose: bool
    precision: str | None = None

    def load(self, task: str, preset: str, **options: Any) -> Any:
        """Load a preset of a task, see `load_reporting`; say what a user must know."""
        from keras_imgdesc.runtimes import Choice, load_reporting

        def report(choice: Choice) -> None:
            name = {"litert": "LiteRT", "tensorflow": "TensorFlow"}[choice.runtime]
            if self.is_verbose or choice.is_fault:
                say(f"{preset} runs in {name}: {choice.reason}", err=True)
            if choice.runtime == "tensorflow":
                start_quietly()

        return load_reporting(
            preset,
            self.runtime,
            task=task,
            precision=self.precision,
            report=report,
            **options,
        )


def runtime_options(command: Callable) -> Callable:
    """Add `--runtime` and `--verbose`, passed to the command as `run`."""

    @click.option(
        "--runtime",
        type=click.Choice(["auto", "litert", "tensorflow"]),
        default="auto",
        show_default=True,
        help="Runtime; auto is LiteRT if the preset's .tflite file can do what is "
        "asked: it is faster, and the file may have int8 weights.",
    )
    @click.option(
        "-v", "--verbose", is_flag=True, help="Print which runtime is used, and why."
    )
    @wraps(command)
    def wrapped(*args: Any, runtime: str, verbose: bool, **kwargs: Any) -> Any:
        precision = kwargs.pop("precision", None)
        return command(*args, run=Run(runtime, verbose, precision), **kwargs)

    return wrapped


def running_options(command: Callable) -> Callable:
    """Add the options of `runtime_options`, `--batch-size` and `--precision`."""

    @runtime_options
    @click.option(
        "--batch-size",
        type=click.IntRange(1),
        default=32,
        show_default=True,
        help="Images per batch in TensorFlow.",
    )
    @click.option(
        "--precision",
        type=click.Choice(["float32", "mixed_bfloat16", "auto"]),
        help="Arithmetic precision of TensorFlow; auto uses bfloat16 if the CPU "
        "supports it, which is faster but less precise. [default: float32]",
    )
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped
