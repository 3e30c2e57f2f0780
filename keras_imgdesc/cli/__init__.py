"""The `keras-imgdesc` command: argument parsing and output, no logic."""

import gc
import io
import os
import sys
from typing import NoReturn

import click

from keras_imgdesc.cli.options import CommandModules, OrderedGroup
from keras_imgdesc.cli.output import say, say_lines
from keras_imgdesc.disk_errors import disk_error
from keras_imgdesc.errors import InputError
from keras_imgdesc.version import __version__

# The commands in the order of the help, and the modules that define them.
COMMANDS = {
    "presets": "preset_list",
    "describe": "describing",
    "classify": "classifying",
    "index": "searching",
    "search": "searching",
    "score": "scoring",
    "paint": "painting",
    "interpolate": "painting",
    "roundtrip": "painting",
    "train": "training",
    "curves": "training",
    "evaluate": "evaluating",
    "export": "exporting",
    "verify": "exporting",
    "serve": "serving",
    "extract": "describing",
}
# Those that stop at once where TensorFlow is not installed.
TENSORFLOW_ONLY = {"train", "evaluate", "export", "verify", "extract"}

# New objects until Python looks for garbage: imports make many objects and no garbage.
OBJECTS_UNTIL_COLLECTION = 50_000


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Exit codes: 0 for success; 1 when some images or texts failed, or when `verify`
    found a difference; 2 for a wrong option, preset or path; 130 when interrupted.
    """
    gc.set_threshold(OBJECTS_UNTIL_COLLECTION)
    # TensorFlow reads these variables once, on import.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    # A terminal may lack characters of a caption; standard error escapes them already.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(arguments, prog_name="keras-imgdesc", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        say("Interrupted.", err=True)
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        say_lines(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        say_lines(f"Error: {error.format_message()}", err=True)
        sys.exit(2)
    except InputError as error:
        say(f"Error: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        # A full disk or a read-only folder is not a bug: name the file instead of
        # printing a traceback.
        say(f"Error: {disk_error(error)}", err=True)
        sys.exit(2)
    sys.exit(code or 0)


def _finish(name: str, command: click.Command) -> click.Command:
    if name not in TENSORFLOW_ONLY:
        return command
    from keras_imgdesc.cli.tensorflow_only import needs_tensorflow

    return needs_tensorflow(command)


@click.group(
    cls=OrderedGroup,
    commands=CommandModules(COMMANDS, _finish),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__)
def cli() -> None:
    """Caption and classify images, match them with text, generate images from text.

    Run `keras-imgdesc COMMAND --help` for the options of a command.
    """
