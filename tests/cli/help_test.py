"""The help of every command."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from keras_imgdesc import cli


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Yield all commands with their names, hidden ones included."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in {
            **dict.fromkeys(command.list_commands(context)),
            **command.commands,
        }:
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(commands(cli.cli))


def test_all_commands_are_looked_at():
    assert len(COMMANDS) >= 25
    assert {"describe", "train generator", "evaluate judgements"} <= COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name):
    command = COMMANDS[name]
    assert command.help
    for option in command.params:
        if not isinstance(option, click.Option):
            continue
        assert option.help and option.help[0].isupper(), option.name
        assert option.help.rstrip("]")[-1] in ".]" or "[default" in option.help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_default_is_shown(name):
    """A flag that is off and an option that is left out need no words."""
    command = COMMANDS[name]
    context = click.Context(command, info_name=name)
    for option in command.params:
        if not isinstance(option, click.Option) or option.hidden or option.is_flag:
            continue
        default = option.get_default(context)
        if not isinstance(default, str | int | float) or default == "":
            continue
        shown = option.get_help_record(context)
        assert shown is not None and "default:" in shown[1], option.name


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "keras_imgdesc", "--version"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and done.stdout.startswith("keras-imgdesc, version ")


def test_the_shell_completes_commands():
    done = subprocess.run(
        [sys.executable, "-c", "from keras_imgdesc.cli import main; main()"],
        env={
            "PATH": "/usr/bin:/bin",
            "_KERAS_IMGDESC_COMPLETE": "bash_complete",
            "COMP_WORDS": "keras-imgdesc des",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == ["plain,describe"]


def test_the_list_of_commands_has_whole_sentences(run):
    code, out, _ = run("--help")
    lines = out.partition("Commands:\n")[2].splitlines()
    assert code == 0 and len(lines) >= 15
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)
