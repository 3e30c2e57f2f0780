"""The command `keras-imgdesc`: a verb for each thing to do, and no logic."""

import os
import sys
from typing import NoReturn

import click

from keras_imgdesc.cli.describing import describe, extract, presets
from keras_imgdesc.cli.evaluating import evaluate
from keras_imgdesc.cli.exporting import export, verify
from keras_imgdesc.cli.painting import interpolate, paint, roundtrip
from keras_imgdesc.cli.searching import index, search
from keras_imgdesc.cli.training import curves, train
from keras_imgdesc.errors import InputError


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Exit codes: 0; 1 when some pictures failed; 2 for a wrong option, preset or path;
    130 when interrupted.
    """
    # TensorFlow reads these once, when it is imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    try:
        code = cli.main(arguments, standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        click.echo(f"Error: {error.format_message()}", err=True)
        sys.exit(2)
    except InputError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        # A full disk or a folder that may not be written to is no fault of the code,
        # and a traceback would hide which file it was.
        click.echo(f"Error: {_refused(error)}", err=True)
        sys.exit(2)
    sys.exit(code or 0)


def _refused(error: OSError) -> InputError:
    return InputError(
        f"A file or folder could not be used: {error.strerror or error}",
        "Check that the place exists, may be written to and has room",
        path=error.filename,
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="keras-imgdesc")
def cli() -> None:
    """Describe pictures in words, find and paint them by words, and train it all."""


for verb in (
    describe,
    train,
    curves,
    evaluate,
    export,
    verify,
    presets,
    extract,
    index,
    search,
    paint,
    interpolate,
    roundtrip,
):
    cli.add_command(verb)
