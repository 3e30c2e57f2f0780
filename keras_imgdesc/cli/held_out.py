"""The option that holds out a part of the images for validation."""

from typing import Any

import click

validation_fraction_option = click.option(
    "--validation-fraction",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the images that is held out for validation, instead of named ones.",
)


def refuse_fraction_with(options: dict[str, Any], *names: str) -> None:
    """Refuse `--validation-fraction` beside options that name validation images.

    Args:
        options: values of the command's options.
        *names: those that name validation images.
    """
    for name in names:
        if options[name]:
            raise click.UsageError(
                f"--validation-fraction holds out a part of the training images; omit "
                f"it, or --{name.replace('_', '-')}."
            )
